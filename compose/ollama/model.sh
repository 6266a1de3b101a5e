#!/bin/sh
# Put a model into the volume: model.sh NAME. It is pulled, or made from /import/model.gguf where
# that is given; /import/Modelfile, too, then says more than `FROM /import/model.gguf`.
set -eu
ollama serve 2>/tmp/serve.log &
server=$!
until ollama list >/dev/null 2>&1; do
  kill -0 "$server" 2>/dev/null || { cat /tmp/serve.log >&2; exit 1; }
  sleep 0.2
done
if [ -f /import/model.gguf ]; then
  [ -f /import/Modelfile ] && cp /import/Modelfile /tmp/Modelfile \
    || echo 'FROM /import/model.gguf' >/tmp/Modelfile
  ollama create "$1" -f /tmp/Modelfile
else
  ollama pull "$1"
fi
ollama list
