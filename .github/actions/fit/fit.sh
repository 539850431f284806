#!/usr/bin/env bash
# Judges $MODELS on $BOARDS; the inputs of action.yml come as variables of the environment.
set -uo pipefail
shopt -s globstar nullglob

read -ra patterns <<<"$MODELS"
read -ra options <<<"${OPTIONS:-}"
for board in $BOARDS; do options+=(--board "$board"); done

changed() {
  [ -z "${CHANGED_SINCE:-}" ] || ! git diff --quiet "$CHANGED_SINCE" -- "$1"
}

status=0
judged=0
for pattern in "${patterns[@]}"; do
  for model in $pattern; do
    changed "$model" || continue
    judged=$((judged + 1))
    edgecompress fit "$model" --runtime "${RUNTIME:-tflm}" --ci "${options[@]}" || {
      code=$?
      [ "$code" -gt "$status" ] && status=$code
    }
  done
done
echo "edgecompress: $judged models judged"
exit "$status"
