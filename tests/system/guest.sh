# What runs in the virtual machine, as root: each scenario leaves its recording and its truth in a directory of /out.
failed=0
for scenario in "scenario.py containers 20" "clock.py clock 6" "rootless.py rootless 6"; do
  set -- $scenario
  mkdir -p "/out/$2"
  echo "== $1 at $(cut -d' ' -f1 /proc/uptime)"
  python3 "/guest/$1" "/out/$2" /guest/fgm-recorder "$3" || { echo "$1 failed"; failed=1; }
done
exit $failed
