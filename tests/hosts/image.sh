# image.sh - images as a container engine would build them, by the lines of our
# Dockerfile, and containers in namespaces; sourced. No engine and no registry
# has a part in it: debian:12-slim is the tree of a fresh host.
#
# An image is a list of layers, each a folder of $BED/image; a container is
# what the host $1 of the table would be, with a process 1 that is not systemd.
# shellcheck shell=bash
sources=$(readlink -f "$tests/../..")

# instructions: the lines of the Dockerfile, each in one line.
instructions() {
  sed -e '/^#/d; /^$/d' -e ':a; /\\$/{N; s/\\\n *//; ba}' "$sources/Dockerfile"
}

# layers_mount HOST LAYERS: the tree of the host is these, and a new one.
layers_mount() {
  local dir=$BED/h/$1
  mkdir -p "$dir/upper" "$dir/work"
  mount -t overlay overlay -o "lowerdir=$2" \
    -o "upperdir=$dir/upper,workdir=$dir/work" "$(host_tree "$1")"
}

# layer HOST: what has changed since the last one becomes a layer of $image.
layer() {
  local dir=$BED/h/$1 new
  new=$BED/image/$(find "$BED/image" -mindepth 1 -maxdepth 1 | wc -l)
  umount "$dir/root"
  mv "$dir/upper" "$new"
  rm -rf "$dir/work"
  image=$new:$image
  layers_mount "$1" "$image"
}

# build_inside HOST SHELL-COMMAND: of RUN.
build_inside() {
  ip netns exec "$1" unshare --mount --pid --fork --mount-proc="$(
    host_tree "$1"
  )/proc" chroot "$(host_tree "$1")" env -i PATH="$PATH" /bin/sh -c "$2"
}

# copy HOST ARGUMENT...: of COPY. The package is that of this build folder,
# which the same script has made that the first stage runs.
copy() {
  case $2 in
  --from=build) cp "$package" "$(host_tree "$1")$4" ;;
  *) cp "$sources/$2" "$(host_tree "$1")$3" ;;
  esac
}

# What the lines before the first COPY make is kept in the build folder, as an
# engine would, with what it was made by.
kept_layer=$BUILD_DIR/hosts/$RELEASE/image

layer_rules() {
  cat "$BUILD_DIR/hosts/$RELEASE/rules"
  instructions | sed '/^COPY --from/,$d' | sha256sum
}

keep_layer() {
  [ "$(layer_rules)" != "$(cat "$kept_layer.rules" 2>/dev/null)" ] || return 0
  rm -rf "$kept_layer" "$kept_layer.new" "$kept_layer.rules"
  cp -a "$1" "$kept_layer.new"
  mv "$kept_layer.new" "$kept_layer"
  layer_rules >"$kept_layer.rules"
}

# begin_image HOST: what the first line to be carried out finds: $first is 0,
# or 1 where the layer before the first COPY is there.
begin_image() {
  local root
  root=$(host_tree "$1")
  first=0
  image=$BUILD_DIR/hosts/$RELEASE/bare
  mkdir -p "$BED/image" "$root"
  if [ "$(layer_rules)" = "$(cat "$kept_layer.rules" 2>/dev/null)" ]; then
    first=1
    image=$kept_layer:$image
  fi
  layers_mount "$1" "$image"
  rm -f "$root"/etc/ssh/ssh_host_*
  host_identify "$1"
  host_connect "$1"
  # As in Debian's image: packages start nothing, dpkg does not sync files, and
  # manual pages are left out.
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"
  printf '%s\n' force-unsafe-io 'path-exclude /usr/share/doc/*' \
    'path-exclude /usr/share/man/*' >"$root/etc/dpkg/dpkg.cfg.d/docker"
  [ "$first" = 0 ] || layer "$1"
}

# build_image HOST [FROM]: $image, and what of it starts a container: $entry,
# $volume, $stop_signal, $exposed. With FROM, lines are carried out from the
# n-th COPY on; the tree has what those before it made.
build_image() {
  local host=$1 word rest stage='' n=0 begin=${2:-0}
  while read -r word rest; do
    [ "$word" != FROM ] || stage=${rest#* AS }
    [ "$stage" != build ] || continue
    [ "$word" != COPY ] || n=$((n + 1))
    if [ "$word" = COPY ] && [ "$n" = 1 ] && [ "$begin" = 0 ]; then
      layer "$host"
      keep_layer "${image%%:*}"
    fi
    case $word in
    RUN | COPY) [ "$n" -ge "$begin" ] || continue ;;
    esac
    case $word in
    FROM) ;;
    RUN) heavy build_inside "$host" "$rest" || return ;;
    # shellcheck disable=SC2086
    COPY) copy "$host" $rest || return ;;
    VOLUME) volume=$rest ;;
    STOPSIGNAL) stop_signal=$rest ;;
    EXPOSE) exposed=$rest ;;
    ENTRYPOINT) entry=$(printf '%s' "$rest" | tr -d '[]"' | tr , ' ') ;;
    *) fail "nobody here knows $word of the Dockerfile" && return 1 ;;
    esac
  done < <(instructions)
  layer "$host"
}

# What an engine leaves to root, where nobody asks for more.
capabilities=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid
capabilities=$capabilities,+setpcap,+net_bind_service,+net_raw,+sys_chroot
capabilities=$capabilities,+mknod,+audit_write,+setfcap

# container HOST FOLDER NAME=VALUE...: of $image, with that folder for its
# volume. What it says goes to the file `log`, its status at the end to `ended`.
container() {
  local host=$1 root
  root=$(host_tree "$1")
  mkdir -p "$root$volume"
  mount --bind "$2" "$root$volume"
  rm -f ended log
  # shellcheck disable=SC2016,SC2086
  (
    unset BASH_ENV
    ip netns exec "$host" unshare --mount --pid --uts --ipc --fork \
      --kill-child sh -c 'mount -t proc proc "$1/proc" && shift &&
        exec setpriv --bounding-set "$@"' sh "$root" "$capabilities" \
      chroot "$root" env -i PATH="$PATH" "${@:3}" $entry >log 2>&1 \
      </dev/null 6>&- 8>&- &
    echo $! >"$BED/h/$host/pid"
    status=0
    wait $! || status=$?
    echo "$status" >ended
  ) &
}

# stop_container HOST [SIGNAL]: by the signal of the image, or that one.
stop_container() {
  kill -s "${2:-$stop_signal}" "$(host_leader "$1")"
  eventually 60 test -s ended || return
  umount "$(host_tree "$1")$volume"
}
