# Installs what is missing, once. To be sourced: install_packages NAME ...
#
# On Debian and Ubuntu by apt-get, with sudo where the user is not root. Elsewhere it leaves the machine alone: the
# build itself says what it misses.

install_packages() {
    command -v apt-get >/dev/null || return 0
    local name missing=() sudo=()
    for name in "$@"; do
        dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    [ "$(id -u)" -eq 0 ] || sudo=(sudo)
    echo "installing: ${missing[*]}"
    # A fresh machine has no package lists yet.
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >/dev/null 2>&1 && return 0
    "${sudo[@]}" apt-get update -qq
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >/dev/null
}
