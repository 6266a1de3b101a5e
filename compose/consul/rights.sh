#!/bin/sh
# Give Consul's tokens their rights. What is there stays: this may run at every start.
set -eu
export CONSUL_HTTP_TOKEN_FILE=/run/secrets/consul_management_token

# Kong asks for names without a token: who is not known may look services up, and nothing else.
consul acl token update -accessor-id 00000000-0000-0000-0000-000000000002 \
  -replace-templated-policy builtin/dns >/dev/null

# token FILE SERVICE: registers that service, and reads who else is there.
token() {
  if ! CONSUL_HTTP_TOKEN_FILE=$1 consul acl token read -self >/dev/null 2>&1; then
    consul acl token create -secret "$(cat "$1")" -service-identity "$2" -description "$2" >/dev/null
  fi
}
token /run/secrets/consul_core_token core
token /run/secrets/consul_agent_token agent
