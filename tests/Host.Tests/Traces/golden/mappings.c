/* A program that makes every mapping call a trace can hold, and touches some pages of each mapping and not others.
 * Captured by mappings.sh; its lackey text is the golden input of the importer's tests. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { PAGE = 4096 };

static char zeroed[16 * PAGE];
static volatile char sink;

static void touch(volatile char *base, int page) { base[page * PAGE + 17] = (char)page; }

static int deep(int depth)
{
    volatile char frame[3000];
    frame[0] = (char)depth;
    return depth == 0 ? frame[0] : deep(depth - 1) + frame[0];
}

int main(void)
{
    touch(zeroed, 3);
    touch(zeroed, 9);

    char *heap = sbrk(6 * PAGE);
    touch(heap, 1);
    touch(heap, 4);
    sbrk(-3 * PAGE);
    sbrk(3 * PAGE);
    touch(heap, 4);

    char *map = mmap(0, 12 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    touch(map, 0);
    touch(map, 5);
    touch(map, 6);
    munmap(map + 5 * PAGE, 2 * PAGE);
    mmap(map + 5 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    touch(map, 5);
    sink = map[8 * PAGE];
    mprotect(map + 9 * PAGE, PAGE, PROT_NONE);

    char *grown = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    touch(grown, 1);
    mmap(grown + 2 * PAGE, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    grown = mremap(grown, 2 * PAGE, 40 * PAGE, MREMAP_MAYMOVE);
    touch(grown, 30);
    madvise(grown, 2 * PAGE, MADV_DONTNEED);
    touch(grown, 1);

    /* Only the kernel writes these pages; the data cross a page boundary. */
    char *buffer = mmap(0, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int fd = open("input.txt", O_RDONLY);
    read(fd, buffer + 2 * PAGE - 100, 200);
    pread(fd, buffer + 5 * PAGE, PAGE, 0);
    char *file = mmap(0, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
    sink = file[0];
    fstat(fd, (struct stat *)(buffer + 7 * PAGE));
    close(fd);
    uname((struct utsname *)(buffer + 3 * PAGE - 64));
    getrandom(map + 2 * PAGE, 16, 0);
    write(1, buffer + 2 * PAGE - 100, 200);

    /* An access that crosses a page boundary. */
    *(volatile uint64_t *)(map + 4 * PAGE - 4) = 1;
    return deep(12) == 0;
}
