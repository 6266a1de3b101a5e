# One server, found under a fixed address: Kong's resolver takes no names (compose/gateway.yml).
# Everything about who may do what is in the file of secrets, /run/secrets/consul_rights.
server           = true
bootstrap_expect = 1
node_name        = "consul"
datacenter       = "stack"
# There is no second server: only services speak to it, over HTTP and DNS.
bind_addr   = "127.0.0.1"
client_addr = "0.0.0.0"
ports {
  http     = 8500
  dns      = 8600
  grpc     = -1
  grpc_tls = -1
  serf_wan = -1
}
# Kong asks Consul for every name. What is not Consul's is asked of Docker.
recursors = ["127.0.0.11"]
dns_config {
  # Kong asks again after these: a service that moved is found within seconds.
  service_ttl  { "*" = "3s" }
  node_ttl     = "3s"
  only_passing = true
}
performance { raft_multiplier = 1 }
ui_config { enabled = true }
disable_update_check        = true
disable_anonymous_signature = true
leave_on_terminate          = false
skip_leave_on_interrupt     = true
log_level                   = "INFO"
log_json                    = true
