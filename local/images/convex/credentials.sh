# Sourced: name and secret come from the environment, else from the volume, else are made.
# They are kept on the volume, so that a later `exec` finds them, as in the real image.
folder=${DATA_DIR:-/convex/data}/credentials
mkdir -p "$folder"
made() { node -p 'crypto.randomBytes(32).toString("hex")'; }
INSTANCE_NAME=${INSTANCE_NAME:-$(cat "$folder/instance_name" 2>/dev/null || echo convex-self-hosted)}
INSTANCE_SECRET=${INSTANCE_SECRET:-$(cat "$folder/instance_secret" 2>/dev/null || made)}
export INSTANCE_NAME INSTANCE_SECRET
(umask 077 && printf '%s\n' "$INSTANCE_SECRET" > "$folder/instance_secret")
printf '%s\n' "$INSTANCE_NAME" > "$folder/instance_name"
