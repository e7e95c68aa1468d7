# Installs what is missing, once. To be sourced: install_packages NAME ...
#
# On Debian and Ubuntu by apt-get, with sudo where the user is not root. Where nobody may install, it names what is
# missing and leaves it at that: the same may be there in another way, and else the build says what it misses. So it
# does elsewhere, where it leaves the machine alone.

install_packages() {
    command -v apt-get >/dev/null || return 0
    local name missing=() sudo=()
    for name in "$@"; do
        dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        sudo=(sudo)
        if ! command -v sudo >/dev/null; then
            echo "missing, and to install it takes root or sudo: ${missing[*]}" >&2
            return 0
        fi
    fi
    echo "installing: ${missing[*]}"
    # A fresh machine has no package lists yet.
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >/dev/null 2>&1 && return 0
    "${sudo[@]}" apt-get update -qq &&
        "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >/dev/null && return 0
    echo "missing, and could not be installed: ${missing[*]}" >&2
}
