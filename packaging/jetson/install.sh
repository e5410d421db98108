#!/usr/bin/env bash
# Installs dms on a Jetson with JetPack 6.2 or 7.2: system packages, a virtual environment that sees the system's OpenCV,
# GStreamer and TensorRT, the package, its networks, and (with --service) the systemd unit.
#
#   packaging/jetson/install.sh [--prefix DIR] [--wheel FILE] [--service] [--dry-run] [--any-machine]
#
# --prefix DIR    where to (default: /opt/dms)
# --wheel FILE    a built wheel of dms (default: this checkout)
# --service       install and enable dms.service with packaging/jetson/run.yaml as /etc/dms/run.yaml
# --dry-run       only print what would be done
# --any-machine   do not insist on a Jetson
# For tests: ROOT is put in front of /etc, SYSTEM_PYTHON stands for /usr/bin/python3.
set -euo pipefail

here=$(cd "$(dirname "$0")/../.." && pwd)
prefix=/opt/dms wheel="" service=no dry=no any=no
fail() { echo "install.sh: $*" >&2; exit 2; }
while [ $# -gt 0 ]; do
  case $1 in
    --prefix) [ $# -gt 1 ] || fail "--prefix needs a folder"; prefix=$2; shift 2 ;;
    --wheel) [ $# -gt 1 ] || fail "--wheel needs a file"; wheel=$2; shift 2 ;;
    --service) service=yes; shift ;;
    --dry-run) dry=yes; shift ;;
    --any-machine) any=yes; shift ;;
    -h | --help) sed -n '2,13s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) fail "unknown option $1; see --help" ;;
  esac
done
[ -z "$wheel" ] || [ -f "$wheel" ] || fail "$wheel: no such file"

run() { if [ "$dry" = yes ]; then echo "+ $*"; else "$@"; fi; }
as_root() { if [ "$(id -u)" = 0 ]; then run "$@"; else run sudo "$@"; fi; }

# Which JetPack: the release file of Jetson Linux, 36.x is JetPack 6, 38.x and 39.x are JetPack 7.
release=$(sed -n 's/^# R\([0-9]*\) .*REVISION: \([0-9.]*\).*/\1.\2/p' "${ROOT:-}/etc/nv_tegra_release" 2>/dev/null || true)
case $release in
  36.*) jetpack=6 want=3.10 extras=jetson,cuda12 ;;
  38.* | 39.*) jetpack=7 want=3.12 extras=jetson,cuda13 ;;
  "") [ "$any" = yes ] || fail "this is no Jetson: /etc/nv_tegra_release is missing (--any-machine goes on all the same)"
      jetpack=none want="" extras=jetson ;;
  *) fail "Jetson Linux $release is neither JetPack 6 (36.x) nor 7 (38.x, 39.x)" ;;
esac

# TensorRT's, OpenCV's and GStreamer's modules belong to the system's Python; another one cannot see them.
python=${SYSTEM_PYTHON:-/usr/bin/python3}
have=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])') || fail "$python does not run"
[ -z "$want" ] || [ "$have" = "$want" ] || fail "the system's Python is $have, JetPack $jetpack has $want; do not replace it"
echo "JetPack $jetpack (Jetson Linux ${release:-none}), Python $have, into $prefix"

packages="python3-venv python3-pip python3-gi gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0 gstreamer1.0-plugins-base
  gstreamer1.0-plugins-good v4l-utils can-utils"
[ "$jetpack" = none ] && packages="$packages python3-opencv" || packages="$packages nvidia-opencv python3-libnvinfer"
as_root apt-get update -qq
# shellcheck disable=SC2086  # a list
as_root apt-get install -y --no-install-recommends $packages

as_root mkdir -p "$prefix"
[ "$dry" = yes ] || [ -w "$prefix" ] || as_root chown "$(id -u):$(id -g)" "$prefix"
run "$python" -m venv --system-site-packages "$prefix/venv"
pip="$prefix/venv/bin/python -m pip --disable-pip-version-check"
# shellcheck disable=SC2086
run $pip install --only-binary numpy --constraint "$here/packaging/jetson/constraints.txt" "${wheel:-$here}[$extras]"

# A pip OpenCV would shadow the system's, which has GStreamer, and TensorRT must be the system's.
check='
import importlib.metadata as m, sys
bad = [n for n in ("opencv-python", "opencv-python-headless", "opencv-contrib-python") if any(d.metadata["Name"] == n for d in m.distributions())]
sys.exit(f"pip installed {bad[0]}: remove it, it shadows the system OpenCV" if bad else 0)
'
run "$prefix/venv/bin/python" -c "$check"
run "$prefix/venv/bin/dms" engines build
run "$prefix/venv/bin/dms" doctor || [ $? = 4 ]  # tells what is missing; nothing of it undoes the installation

if [ "$service" = yes ]; then
  id dms >/dev/null 2>&1 || as_root useradd --system --home-dir /var/lib/dms --shell /usr/sbin/nologin --groups video dms
  as_root install -D -m 644 "$here/packaging/systemd/dms.service" "${ROOT:-}/etc/systemd/system/dms.service"
  [ -e "${ROOT:-}/etc/dms/run.yaml" ] || as_root install -D -m 644 "$here/packaging/jetson/run.yaml" "${ROOT:-}/etc/dms/run.yaml"
  [ -e "${ROOT:-}/etc/systemd/network/can0.network" ] ||
    as_root install -D -m 644 "$here/packaging/systemd/can0.network" "${ROOT:-}/etc/systemd/network/can0.network"
  as_root install -d -o dms -g dms /var/lib/dms /var/lib/dms/cache
  as_root systemctl daemon-reload
  as_root systemctl enable dms.service
  echo "adapt /etc/dms/run.yaml, then: systemctl start dms; systemctl status dms; journalctl -u dms"
fi
