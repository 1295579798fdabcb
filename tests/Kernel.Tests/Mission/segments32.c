/* What this machine's CPU and kernel say about segments of a 32-bit program, one fact a line: a name and hexadecimal numbers.
   gcc -m32 -O1 -static -nostdlib -fno-pie -no-pie -fno-stack-protector segments32.c */
typedef unsigned u;

static u call(u nr, u a, u b, u c, u d)
{
    u result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d) : "memory");
    return result;
}

static void put(const char *text, u length) { call(4, 1, (u)text, length, 0); }

static void name(const char *text)
{
    u length = 0;
    while (text[length])
        length++;
    put(text, length);
}

static void number(u value)
{
    char text[9] = " ";
    for (int i = 0; i < 8; i++)
        text[i + 1] = "0123456789abcdef"[value >> (28 - 4 * i) & 15];
    put(text, 9);
}

struct registers { u gs, fs, es, ds, di, si, bp, sp, bx, dx, cx, ax, trapno, err, ip; };
struct action { void *handler; u flags; void *restorer; u mask[2]; };

static u resume;
static u memory[64];

/* Signal, si_code, vector and error code; goes on behind the instruction with null registers. */
static void caught(int signal, u *info, char *context)
{
    struct registers *at = (struct registers *)(context + 20);
    number(signal);
    number(info[2]);
    number(at->trapno);
    number(at->err);
    at->ip = resume;
    at->es = at->fs = at->gs = 0;
}

__attribute__((naked)) static void back(void) { __asm__("movl $173, %eax; int $0x80"); }

#define TRY(title, code) do { \
        name(title); \
        __asm__ volatile("movl $1f, %0; " code "; 1:" : "=m"(resume) : : "eax", "memory"); \
        put("\n", 1); \
    } while (0)

static void describe(const char *title, u selector)
{
    u rights = 0, limit = 0;
    unsigned char known;
    name(title);
    __asm__ volatile("larl %2, %0; setz %1" : "+r"(rights), "=q"(known) : "r"(selector));
    number(known ? rights & 0x00f0ff00 : 0);
    __asm__ volatile("lsll %2, %0; setz %1" : "+r"(limit), "=q"(known) : "r"(selector));
    number(known ? limit : 0);
    put("\n", 1);
}

static void area(const char *title, u nr, u function, u entry, u limit, u flags)
{
    u description[4] = { entry, (u)memory, limit, flags };
    if (!limit && !(flags & 1))
        description[1] = 0;
    name(title);
    number(nr == 243 ? call(243, (u)description, 0, 0, 0) : call(123, function, (u)description, 16, 0));
    put("\n", 1);
}

void _start(void)
{
    enum { wide = 1, code = 2 << 1, conforming = 3 << 1, readOnly = 8, pages = 16, absent = 32, useable = 64 };
    struct action action = { caught, 4 | 0x04000000 | 0x40000000, back, { 0, 0 } };
    call(174, 11, (u)&action, 0, 8);
    call(174, 7, (u)&action, 0, 8);

    u description[4] = { -1, (u)memory, 0xff, wide | useable };
    call(243, (u)description, 0, 0, 0);
    u tls = description[0] * 8 + 3;
    describe("tls", tls);
    __asm__ volatile("movw %w0, %%gs" : : "r"(tls));
    TRY("tls-inside", "movl %%gs:0xfc, %%eax");
    TRY("tls-across", "movl %%gs:0xfd, %%eax");
    area("tls-16-bit", 243, 0, -1, 0xff, useable);
    area("tls-code", 243, 0, -1, 0xff, wide | code);
    area("tls-absent", 243, 0, -1, 0xff, wide | absent);
    area("tls-entry-5", 243, 0, 5, 0xff, wide);
    area("tls-second", 243, 0, -1, 0xff, wide);
    area("tls-third", 243, 0, -1, 0xff, wide);
    area("tls-fourth", 243, 0, -1, 0xff, wide);

    TRY("ldt-none", "movl $7, %%eax; movw %%ax, %%es");
    area("ldt-data", 123, 0x11, 0, 0xff, wide | useable);
    area("ldt-absent", 123, 0x11, 1, 0xff, wide | absent);
    area("ldt-code", 123, 0x11, 2, 0xff, wide | code | readOnly);
    area("ldt-read-only", 123, 0x11, 3, 0xff, wide | pages | readOnly);
    area("ldt-down", 123, 0x11, 4, 0xff, wide | 1 << 1);
    area("ldt-conforming", 123, 0x11, 5, 0xff, wide | conforming);
    area("ldt-entry-8192", 123, 0x11, 8192, 0xff, wide);
    area("ldt-old-useable", 123, 1, 5, 0xff, wide | useable);
    describe("entry-0", 0x07);
    describe("entry-1", 0x0f);
    describe("entry-2", 0x17);
    describe("entry-3", 0x1f);
    describe("entry-4", 0x27);
    describe("entry-5", 0x2f);
    describe("entry-6", 0x37);
    __asm__ volatile("movw %w0, %%fs" : : "r"(0x07));
    TRY("ldt-inside", "movl %%fs:0xfc, %%eax");
    TRY("ldt-behind", "movl %%fs:0x100, %%eax");
    TRY("load-absent", "movl $0x0f, %%eax; movw %%ax, %%es");
    TRY("load-execute-only", "movl $0x17, %%eax; movw %%ax, %%es");
    TRY("load-beyond", "movl $0x37, %%eax; movw %%ax, %%es");
    __asm__ volatile("movw %w0, %%es" : : "r"(0x1f));
    TRY("write-read-only", "movl %%eax, %%es:0");
    __asm__ volatile("movw %w0, %%es" : : "r"(0x27));
    TRY("down-inside", "movl %%es:0xfe, %%eax");
    __asm__ volatile("movw %w0, %%es" : : "r"(0));
    TRY("through-null", "movl %%es:0, %%eax");
    area("ldt-clear", 123, 0x11, 0, 0, readOnly | absent);
    TRY("load-cleared", "movl $0x07, %%eax; movw %%ax, %%es");
    call(1, 0, 0, 0, 0);
}
