#!/bin/sh
# Records vmstat.txt again: needs gcc, cpio, qemu-system-x86_64 and Debian's linux-image-6.1.0-50-amd64 unpacked in a folder.
# Usage: traces/lrugen/record.sh FOLDER > vmstat.txt
set -eu
here=$(cd "$(dirname "$0")" && pwd) kernel=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir -p root/proc root/sys root/dev root/mods
gcc -O1 -static -o root/init "$here/init.c"
for module in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk; do
  find "$kernel/lib/modules" -name "$module.ko" -exec cp {} root/mods/ \;
done
(cd root && find . | LC_ALL=C sort | cpio --quiet -R 0:0 -H newc -o > ../initrd)
for visits in 20000 100000; do
  for gen in 0 1; do
    for n in 1 2 3; do
      rm -f swap && truncate -s 260M swap
      qemu-system-x86_64 -accel tcg,thread=single -cpu qemu64 -smp 1 -m 256M -machine pc -nodefaults -display none -no-reboot -serial file:out \
        -kernel "$kernel"/boot/vmlinuz-* -initrd initrd \
        -append "console=ttyS0 loglevel=3 panic=-1 norandmaps lg.gen=$gen lg.kb=80856 lg.visits=$visits" \
        -drive file=swap,format=raw,if=none,id=d0,cache=unsafe -device virtio-blk-pci,drive=d0
      name=$([ $gen = 1 ] && echo generations || echo lists)
      tr -d '\r' < out | awk -v name="$name $visits $n" '
        /^#BEFORE/ { print "==== " name " before"; on = 1; next }
        /^#AFTER/ { print "==== " name " after"; next }
        /^#END/ { on = 0 }
        on'
    done
  done
done
