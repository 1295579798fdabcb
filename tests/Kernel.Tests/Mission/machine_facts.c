// What the kernel of this machine does, one fact a line: the judge of tests/Kernel.Tests/Mission. Built by the tests with gcc.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE 4096UL
#define ARENA 0x100000000000UL

static sigjmp_buf back;
static volatile uint64_t fault_address, fault_error;
static volatile int fault_code;

static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    fault_address = (uint64_t)info->si_addr;
    fault_code = info->si_code;
    fault_error = (uint64_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_ERR];
    siglongjmp(back, 1);
}

static void catch_faults(void)
{
    static char stack[65536];
    stack_t alternative = { .ss_sp = stack, .ss_size = sizeof stack };
    struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    sigaltstack(&alternative, 0);
    sigaction(SIGSEGV, &action, 0);
    sigaction(SIGBUS, &action, 0);
}

static long minor_faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

static char *map_at(unsigned long address, unsigned long pages, int protection, int flags)
{
    char *at = mmap((void *)address, pages * PAGE, protection, flags | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    madvise(at, pages * PAGE, MADV_NOHUGEPAGE);
    return at;
}

static void report(const char *name)
{
    printf("%s %d %d\n", name, (int)fault_error, fault_code);
}

// Error codes as the CPU pushed them, and what the kernel made of them.
static void faults(void)
{
    catch_faults();
    volatile char *read_only = map_at(ARENA, 1, PROT_READ, MAP_PRIVATE), *none = map_at(ARENA + 16 * PAGE, 1, PROT_NONE, MAP_PRIVATE);
    volatile char *data = map_at(ARENA + 32 * PAGE, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    *data = (char)0xc3;
    if (!sigsetjmp(back, 1)) { *(volatile char *)8; } report("null");
    if (!sigsetjmp(back, 1)) { *(volatile char *)8 = 1; } report("null-write");
    if (!sigsetjmp(back, 1)) { (void)*read_only; *read_only = 1; } report("read-only");
    if (!sigsetjmp(back, 1)) { (void)*none; } report("none");
    if (!sigsetjmp(back, 1)) { ((void (*)(void))data)(); } report("fetch");
    if (!sigsetjmp(back, 1)) { (void)*(volatile char *)0xffff888000000000UL; } report("kernel");
    if (!sigsetjmp(back, 1)) { *(volatile char *)0xffff888000000000UL = 1; } report("kernel-write");
}

// Pages cost a fault each, at the first touch, and never before.
static void demand(void)
{
    long before = minor_faults();
    volatile char *at = map_at(ARENA, 1000, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    long mapped = minor_faults();
    for (int page = 0; page < 1000; page += 3) { at[page * PAGE] = 1; }
    long written = minor_faults();
    for (int page = 1; page < 1000; page += 3) { (void)at[page * PAGE]; }
    long read = minor_faults();
    for (int page = 1; page < 1000; page += 3) { at[page * PAGE] = 1; }
    printf("demand %ld %ld %ld %ld\n", mapped - before, written - mapped, read - written, minor_faults() - read);
}

// Faults of writes after fork: the child copies, the parent then has its pages for itself.
static void cow(void)
{
    int ends[2];
    volatile char *at = map_at(ARENA, 50, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    for (int page = 0; page < 50; page++) { at[page * PAGE] = 1; }
    if (pipe(ends)) { exit(2); }
    pid_t child = fork();
    if (child == 0) {
        long start = minor_faults();
        for (int page = 0; page < 50; page++) { (void)at[page * PAGE]; }
        long read = minor_faults();
        for (int page = 0; page < 10; page++) { at[page * PAGE] = 2; }
        long result[2] = { read - start, minor_faults() - read };
        if (write(ends[1], result, sizeof result) != sizeof result) { _exit(2); }
        _exit(0);
    }
    long result[2];
    if (read(ends[0], result, sizeof result) != sizeof result) { exit(2); }
    waitpid(child, 0, 0);
    long before = minor_faults();
    for (int page = 0; page < 20; page++) { at[page * PAGE] = 3; }
    printf("cow %ld %ld %ld %d\n", result[0], result[1], minor_faults() - before, at[0]);
}

// Private memory is copied, shared memory is one.
static void sharing(void)
{
    volatile char *private_page = map_at(ARENA, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    volatile char *shared_page = map_at(ARENA + 16 * PAGE, 1, PROT_READ | PROT_WRITE, MAP_SHARED);
    *private_page = *shared_page = 1;
    pid_t child = fork();
    if (child == 0) { *private_page = *shared_page = 2; _exit(0); }
    waitpid(child, 0, 0);
    printf("sharing %d %d\n", *private_page, *shared_page);
}

// How far the stack grows, in pages below its top, under a limit of 1 MiB; the limit is set before execve.
static void stack(void)
{
    char line[256];
    unsigned long start = 0, top = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, maps)) {
        if (strstr(line, "[stack]")) { sscanf(line, "%lx-%lx", &start, &top); }
    }
    fclose(maps);
    catch_faults();
    volatile unsigned long page = top - PAGE;
    if (!sigsetjmp(back, 1)) {
        for (;; page -= PAGE) { *(volatile char *)page = 1; }
    }
    printf("stack %ld %d\n", (long)((top - page) / PAGE), fault_code);
}

// How near the stack may come to a mapping: pages between it and the first address that cannot be had.
static void guard(void)
{
    char line[256];
    unsigned long start = 0, top = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, maps)) {
        if (strstr(line, "[stack]")) { sscanf(line, "%lx-%lx", &start, &top); }
    }
    fclose(maps);
    unsigned long below = start - 400 * PAGE;
    map_at(below, 1, PROT_READ, MAP_PRIVATE);
    catch_faults();
    volatile unsigned long page = start;
    if (!sigsetjmp(back, 1)) {
        for (;; page -= PAGE) { *(volatile char *)page = 1; }
    }
    printf("guard %ld %d\n", (long)((page + PAGE - (below + PAGE)) / PAGE), fault_code);
}

// Areas inside the arena after calls that merge and split; nothing is touched.
static void areas(const char *name)
{
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "r");
    printf("%s", name);
    while (fgets(line, sizeof line, maps)) {
        unsigned long start, end;
        char perms[8];
        sscanf(line, "%lx-%lx %7s", &start, &end, perms);
        if (start >= ARENA && end <= ARENA + 4096 * PAGE) { printf(" %lx-%lx:%s", (start - ARENA) / PAGE, (end - ARENA) / PAGE, perms); }
    }
    fclose(maps);
    printf("\n");
}

static void merge(void)
{
    const int rw = PROT_READ | PROT_WRITE;
#define MAP(first, pages, protection, flags) \
    mmap((void *)(ARENA + (first) * PAGE), (pages) * PAGE, protection, (flags) | MAP_ANONYMOUS | MAP_FIXED, -1, 0)
    MAP(100, 10, rw, MAP_PRIVATE); areas("one");
    MAP(110, 10, rw, MAP_PRIVATE); areas("above");
    MAP(90, 10, rw, MAP_PRIVATE); areas("below");
    MAP(120, 10, PROT_READ, MAP_PRIVATE); areas("other-rights");
    MAP(130, 10, PROT_READ, MAP_SHARED); areas("other-kind");
    munmap((void *)(ARENA + 104 * PAGE), 2 * PAGE); areas("hole");
    MAP(104, 2, rw, MAP_PRIVATE); areas("hole-filled");
    mprotect((void *)(ARENA + 95 * PAGE), 5 * PAGE, PROT_READ); areas("protect-middle");
    mprotect((void *)(ARENA + 95 * PAGE), 5 * PAGE, rw); areas("protect-back");
    MAP(92, 4, PROT_NONE, MAP_PRIVATE); areas("fixed-over");
    munmap((void *)(ARENA + 85 * PAGE), 60 * PAGE); areas("all");
}

static unsigned long fillers;

// Areas of this process; the page that maps "[vsyscall]" is none of its own.
static long count_areas(char *text, unsigned long room)
{
    int file = open("/proc/self/maps", O_RDONLY);
    long got, filled = 0, count = 0;
    while ((got = read(file, text + filled, room - 1 - filled)) > 0) { filled += got; }
    close(file);
    text[filled] = 0;
    for (char *at = text; *at; at++) { count += *at == '\n'; }
    return count - (strstr(text, "[vsyscall]") != 0);
}

static void limit_case(const char *name, int free_areas, long most, long (*call)(char *at))
{
    static char text[16 << 20];
    munmap((void *)ARENA, 1024 * PAGE);
    mmap((void *)ARENA, 64 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    for (long missing = most - free_areas - count_areas(text, sizeof text); missing != 0; missing += missing < 0 ? 1 : -1) {
        if (missing > 0) {
            void *at = (void *)(2 * ARENA + fillers++ * 2 * PAGE);
            if (mmap(at, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != at) { exit(3); }
        } else {
            munmap((void *)(2 * ARENA + --fillers * 2 * PAGE), PAGE);
        }
    }
    long result = call((char *)ARENA);
    printf("%s/%d %ld", name, free_areas, result < (long)PAGE ? result : (result - (long)ARENA) / (long)PAGE);
    count_areas(text, sizeof text);
    for (char *line = text; *line; line = strchr(line, '\n') + 1) {
        char *rights;
        unsigned long from = strtoul(line, &rights, 16), to = strtoul(rights + 1, &rights, 16);
        if (from >= ARENA && to <= ARENA + 1024 * PAGE) { printf(" %lu+%lu%.4s", (from - ARENA) / PAGE, (to - from) / PAGE, rights + 1); }
    }
    printf("\n");
}

static long done(long result) { return result == -1 ? -errno : result; }
static long protect_part(char *at) { return done(mprotect(at + 8 * PAGE, 8 * PAGE, PROT_NONE)); }
static long protect_head(char *at) { return done(mprotect(at, 8 * PAGE, PROT_NONE)); }
static long protect_rest(char *at) { return done(mprotect(at, 8 * PAGE, PROT_NONE)) + done(mprotect(at + 4 * PAGE, 8 * PAGE, PROT_READ)); }
static long unmap_part(char *at) { return done(munmap(at + 8 * PAGE, 8 * PAGE)); }
static long unmap_tail(char *at) { return done(munmap(at + 48 * PAGE, 16 * PAGE)); }
static long advise_part(char *at) { return done(madvise(at + 8 * PAGE, 8 * PAGE, MADV_DONTFORK)); }
static long lock_part(char *at) { return done(mlock(at + 8 * PAGE, 8 * PAGE)); }
static long map_new(char *at) { return done((long)mmap(at + 128 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)); }
static long map_over(char *at) { return done((long)mmap(at + 8 * PAGE, 8 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)); }
static long move(char *at) { return done((long)mremap(at + 8 * PAGE, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at + 256 * PAGE)); }
static long lengthen(char *at) { return done((long)mremap(at, 64 * PAGE, 80 * PAGE, 0)); }
static long shorten(char *at) { return done((long)mremap(at, 16 * PAGE, 8 * PAGE, 0)); }

// What calls do, and leave when they fail, in an address space with as many areas as it may have (vm.max_map_count).
static void limit(void)
{
    char number[32] = "";
    int file = open("/proc/sys/vm/max_map_count", O_RDONLY);
    if (read(file, number, sizeof number - 1) <= 0) { exit(3); }
    close(file);
    long most = atol(number);
    printf("most %ld\n", most);
    for (int free_areas = -1; free_areas <= 8; free_areas++) {
        if (free_areas <= 3) {
            limit_case("protect-part", free_areas, most, protect_part);
            limit_case("protect-head", free_areas, most, protect_head);
            limit_case("protect-rest", free_areas, most, protect_rest);
            limit_case("unmap-part", free_areas, most, unmap_part);
            limit_case("unmap-tail", free_areas, most, unmap_tail);
            limit_case("advise-part", free_areas, most, advise_part);
            limit_case("lock-part", free_areas, most, lock_part);
            limit_case("map-new", free_areas, most, map_new);
            limit_case("map-over", free_areas, most, map_over);
            limit_case("lengthen", free_areas, most, lengthen);
            limit_case("shorten", free_areas, most, shorten);
        }
        limit_case("move", free_areas, most, move);
    }
}

/* What LSL and LAR say of selector 0x7b on each CPU this may run on: the kernel keeps the CPU's number there. */
static void cpunode(void)
{
    cpu_set_t allowed, one;
    sched_getaffinity(0, sizeof allowed, &allowed);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        unsigned limit = 0, rights = 0;
        if (!CPU_ISSET(cpu, &allowed)) { continue; }
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        sched_setaffinity(0, sizeof one, &one);
        asm volatile ("lsl %1, %0" : "=r"(limit) : "r"(0x7b));
        asm volatile ("lar %1, %0" : "=r"(rights) : "r"(0x7b));
        printf("cpu-%d %08x %08x\n", cpu, limit & 0xfff, rights);
    }
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (!strcmp(what, "faults")) { faults(); }
    else if (!strcmp(what, "demand")) { demand(); }
    else if (!strcmp(what, "cow")) { cow(); }
    else if (!strcmp(what, "sharing")) { sharing(); }
    else if (!strcmp(what, "stack") && argc == 2) {
        struct rlimit limit = { 1 << 20, 1 << 20 };
        setrlimit(RLIMIT_STACK, &limit);
        execl("/proc/self/exe", argv[0], "stack", "limited", (char *)0);
        return 2;
    }
    else if (!strcmp(what, "stack")) { stack(); }
    else if (!strcmp(what, "guard")) { guard(); }
    else if (!strcmp(what, "merge")) { merge(); }
    else if (!strcmp(what, "limit")) { limit(); }
    else if (!strcmp(what, "cpunode")) { cpunode(); }
    else { return 2; }
    return 0;
}
