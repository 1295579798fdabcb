// PID 1 of a guest that records what reclaim does: swaps to /dev/vda, turns the multi-generational LRU on with lg.gen=1, locks away
// what is free beyond lg.kb KiB, and shows /proc/vmstat before and after two processes that do what traces/pressure.json has two
// tasks do: fill 48 MiB, then visit it lg.visits times at random, four in five times a fifth of it, half of them to write.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char text[16384];

static char *load(const char *path) {
  int file = open(path, O_RDONLY);
  ssize_t n = file < 0 ? -1 : read(file, text, sizeof text - 1);
  if (n < 0) printf("cannot read %s\n", path);
  text[n < 0 ? 0 : n] = 0;
  close(file);
  return text;
}

static void store(const char *path, const char *value) {
  int file = open(path, O_WRONLY);
  if (file < 0 || write(file, value, strlen(value)) < 0) printf("cannot write %s\n", path);
  close(file);
}

static long option(const char *commandLine, const char *name, long otherwise) {
  const char *at = strstr(commandLine, name);
  return at ? atol(at + strlen(name)) : otherwise;
}

static long freeKb(void) { return atol(strstr(load("/proc/meminfo"), "MemFree:") + 8); }

static uint64_t state;
static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}

static void visit(int task, long visits) {
  const long pages = 12288, hot = pages / 5;
  char *memory = mmap(0, pages << 12, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  state = 88172645463325252ull + task * 7919;
  for (long i = 0; i < pages; i++) memory[i << 12] = 1;
  for (long i = 0; i < visits; i++) {
    long page = next() % 100 < 80 ? next() % hot : hot + next() % (pages - hot);
    volatile char *at = memory + (page << 12);
    if (next() % 100 < 50) at[next() % 4096] = 1;
    else (void)at[next() % 4096];
  }
  _exit(0);
}

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  mount("proc", "/proc", "proc", 0, 0);
  mount("sys", "/sys", "sysfs", 0, 0);
  mount("dev", "/dev", "devtmpfs", 0, 0);
  mount("debug", "/sys/kernel/debug", "debugfs", 0, 0);
  int console = open("/dev/console", O_RDWR);
  for (int i = 0; i < 3; i++) dup2(console, i);
  const char *modules[] = {"virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "virtio_blk"};
  for (int i = 0; i < 6; i++) {
    char path[64];
    snprintf(path, sizeof path, "/mods/%s.ko", modules[i]);
    int file = open(path, O_RDONLY);
    if (file < 0 || syscall(SYS_finit_module, file, "", 0)) printf("cannot load %s\n", path);
    close(file);
  }
  char commandLine[2048];
  snprintf(commandLine, sizeof commandLine, "%s", load("/proc/cmdline"));
  static char header[4096];
  *(uint32_t *)(header + 1024) = 1;
  *(uint32_t *)(header + 1028) = 65535;
  memcpy(header + 4086, "SWAPSPACE2", 10);
  int disk = open("/dev/vda", O_RDWR);
  if (write(disk, header, sizeof header) != sizeof header || fsync(disk) || swapon("/dev/vda", 0)) printf("cannot swap\n");
  store("/sys/kernel/mm/transparent_hugepage/enabled", "never");
  store("/proc/sys/vm/min_free_kbytes", "1024");
  store("/proc/sys/vm/drop_caches", "3");
  if (option(commandLine, "lg.gen=", 0)) store("/sys/kernel/mm/lru_gen/enabled", "y");
  long take = freeKb() - option(commandLine, "lg.kb=", 80856);
  if (take > 0) mlock(mmap(0, take << 10, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), take << 10);
  printf("#BEFORE\n%s", load("/proc/vmstat"));
  for (int task = 0; task < 2; task++)
    if (!fork()) visit(task, option(commandLine, "lg.visits=", 20000));
  while (wait(0) > 0) {
  }
  printf("#AFTER\n%s", load("/proc/vmstat"));
  printf("%s#END\n", load("/sys/kernel/debug/lru_gen"));
  reboot(RB_POWER_OFF);
}
