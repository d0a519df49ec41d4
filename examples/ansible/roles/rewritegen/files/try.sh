# try.sh SERVER TARGET [MODULE...] < TEXT: would the whole configuration of this server be right if TARGET had this TEXT,
# and httpd of Debian these modules?
# A copy of the server's directory is tested, with TEXT in it and with its own path in place of the original's: what is
# installed is not touched, and a mistake in a file of somebody else is found before ours is in place.
set -eu
server=$1
target=$2
shift 2
tree=$(echo "$target" | cut -d / -f 1-3) # /etc/nginx, /etc/apache2, /etc/httpd
copy=$(mktemp -d "$tree.XXXXXX")         # beside it: relative links lead to the same places
trap 'rm -rf "$copy"' EXIT
cp -a "$tree/." "$copy"
rm -f "$copy${target#"$tree"}" # it may be a link to the real one
cat > "$copy${target#"$tree"}"
for module in "$@"; do
    for kind in load conf; do
        [ ! -e "$copy/mods-available/$module.$kind" ] ||
            ln -sf "../mods-available/$module.$kind" "$copy/mods-enabled/"
    done
done
grep -rlI "$tree" "$copy" | while read -r file; do
    sed -i "s#$tree\\([/\"'; ]\\|\$\\)#$copy\\1#g" "$file"
done
case $server:$tree in
    nginx:*) set -- nginx -t -q -c "$copy/nginx.conf" ;;
    apache:/etc/httpd) set -- httpd -t -d "$copy" -f conf/httpd.conf ;;
    apache:*) set -- env APACHE_CONFDIR="$copy" apache2ctl -t ;;
esac
if ! said=$("$@" 2>&1); then
    echo "$said" | sed "s#$copy#$tree#g" >&2
    exit 1
fi
