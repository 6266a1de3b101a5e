# `make image` builds the two images for this machine's kind of processor. The group `all` is for
# both kinds; it needs a builder that can do that (docker buildx create --use), and a place for the
# result: --push, or --set '*.output=type=oci,dest=...'. The context is the folder it is run in.
variable "SUTAZAI_VERSION" { default = "dev" }
variable "PIP_INDEX_URL" { default = null }
variable "PIP_EXTRA_INDEX_URL" { default = null }

group "default" { targets = ["core", "dashboard"] }
group "all" { targets = ["core-all", "dashboard-all"] }

target "image" {
  context = "."
  args    = { PIP_INDEX_URL = PIP_INDEX_URL, PIP_EXTRA_INDEX_URL = PIP_EXTRA_INDEX_URL }
}
target "core" {
  inherits   = ["image"]
  dockerfile = "compose/sutazai/Dockerfile"
  tags       = ["sutazai/core:${SUTAZAI_VERSION}"]
}
target "dashboard" {
  inherits   = ["image"]
  dockerfile = "compose/dashboard/Dockerfile"
  tags       = ["sutazai/dashboard:${SUTAZAI_VERSION}"]
}
target "core-all" {
  inherits  = ["core"]
  platforms = ["linux/amd64", "linux/arm64"]
}
target "dashboard-all" {
  inherits  = ["dashboard"]
  platforms = ["linux/amd64", "linux/arm64"]
}
