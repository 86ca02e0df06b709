# What building the images of the local stack needs: a way to a Debian image, and a Go compiler.
# shellcheck shell=bash
setup_images() {
  need_packages mmdebstrap
  need_go
}
