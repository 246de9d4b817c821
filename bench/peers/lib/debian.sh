#!/usr/bin/env bash
# Packages of a newer Debian, into bench/peers/.servers/debian, beside the system and without touching it: `debian.sh PACKAGE...`
# They come by apt with lists and a cache of their own (signed as always), are unpacked, and run with the C library that they
# were built for. No root is needed. Takes a Debian or a system made from it, for apt-get and its keyring.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
suite=trixie
mkdir -p .servers
servers=$(cd .servers && pwd -P) # The folder must stay where it is: programs are told to find their libraries there.
root="$servers/debian"
apt="$servers/apt"
libraries="$root/usr/lib/x86_64-linux-gnu"
mkdir -p "$root" "$apt"/{state/lists/partial,cache/archives/partial}
: > "$apt/status"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$keyring] http://deb.debian.org/debian $suite main" > "$apt/sources.list"
cat > "$apt/conf" << END
Dir::State "$apt/state";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "-";
APT::Install-Recommends "false";
APT::Sandbox::User "";
Debug::NoLocking "true";
END
export APT_CONFIG="$apt/conf"
apt-get -q update
apt-get -q install -y --download-only "$@" patchelf
for package in "$apt"/cache/archives/*.deb; do dpkg -x "$package" "$root"; done
rm -rf "$apt"

# Programs name their loader by its absolute path: name ours, and ours alone finds the libraries.
loader="$libraries/ld-linux-x86-64.so.2"
patch=("$loader" --library-path "$libraries" "$root/usr/bin/patchelf")
programs=$(find "$root"/usr/bin/redis-* "$root"/usr/lib/erlang/erts-*/bin "$root"/usr/lib/erlang/bin \
  "$root"/usr/lib/erlang/lib/*/priv/bin -type f 2> /dev/null || true)
for program in $programs; do
  if [[ $("${patch[@]}" --print-interpreter "$program" 2> /dev/null || true) == /lib64/* ]]; then
    "${patch[@]}" --set-interpreter "$loader" --force-rpath --set-rpath "$libraries" "$program"
  fi
done
# Erlang's starters name their home as well.
for script in "$root"/usr/lib/erlang/{bin,erts-*/bin}/{erl,start}; do
  [[ ! -f $script ]] || sed -i "s|=/usr/lib/erlang\$|=$root/usr/lib/erlang|" "$script"
done
