# render.sh PROGRAM NAME SERVER < SITE: the configuration of a site file that is not on this host yet, on stdout.
# The text names the file that it was made from, so the candidate gets that name in a directory of its own.
set -eu
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
cat > "$2"
"$1" generate "$2" --server "$3"
