#!/bin/bash
# leave-nothing.sh PID FOLDER CGROUP: waits for the line "ended" or for the end of stdin, which is that of its parent, whatever
# ends it. In that case it kills PID, with which the kernel ends all namespaces below it. Then it removes CGROUP below each
# controller's root, and FOLDER. Says what is left, and ends with 1 if anything is.
trap '' INT TERM HUP
pid=$1 folder=$2 cgroup=$3

# After its end the number may be another's.
read -r line
[ "$line" = ended ] || kill -9 "$pid" 2> /dev/null

left() {
  find /sys/fs/cgroup/*/"$cgroup" -maxdepth 0 2> /dev/null
  [ ! -e "$folder" ] || echo "$folder"
  # Of any process: another's mounts and its own files are not in the list of this one.
  grep --files-with-matches --no-messages -F "$folder" /proc/[0-9]*/mountinfo
  grep --files-with-matches --no-messages -F "/$cgroup/" /proc/[0-9]*/cgroup
}

# A killed process may be in a system call for a while, and the kernel takes namespaces down behind it.
for _ in $(seq 100); do
  find /sys/fs/cgroup/*/"$cgroup" -depth -type d -exec rmdir {} + 2> /dev/null
  rm -rf "$folder" 2> /dev/null
  [ -n "$(left)" ] || exit 0
  sleep 0.1
done
echo "Left behind:"
left
exit 1
