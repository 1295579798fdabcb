namespace Sim.Host.Workloads.Malloc;

/// <summary>
/// What the C library does with the heap before <c>main</c> (glibc 2.36). A dynamically linked program's loader has memory of its own, so its
/// heap is untouched; a statically linked one has its thread-local storage there and what its built-in loader keeps.
/// </summary>
/// <param name="IsStatic">Statically linked.</param>
/// <param name="FolderLength">Length of the path of the program's folder with its last slash, which a static program keeps (_dl_get_origin).</param>
internal sealed record CLibraryStart(bool IsStatic, uint FolderLength)
{
    /// <summary>Begins a program's heap.</summary>
    /// <param name="abi">The machine's sizes.</param>
    /// <param name="kernel">Answers its system calls.</param>
    public GlibcMalloc Begin(MallocAbi abi, IMemoryCalls kernel)
    {
        var programBreak = new ProgramBreak(kernel);
        var malloc = new GlibcMalloc(abi, kernel, programBreak);
        if (IsStatic)
        {
            Blocks blocks = abi.WordBytes == 8 ? Blocks.X86_64 : Blocks.I386;
            kernel.Brk(kernel.Brk(0) + blocks.ThreadLocalBytes);
            malloc.Malloc(FolderLength + 1);
            malloc.Calloc(blocks.VdsoLinkMapBytes);
            malloc.Malloc(blocks.SearchListBytes);
            malloc.Malloc(blocks.SearchPathBytes);
            malloc.Malloc(blocks.ObjectsBytes);
        }
        return malloc;
    }

    /// <summary>Blocks of a static program: sizes of the library's own structures, seen in strace and by a malloc that reports its arguments.</summary>
    /// <param name="ThreadLocalBytes">By brk: thread control block, static TLS and its surplus (_dl_early_allocate).</param>
    /// <param name="VdsoLinkMapBytes">The vDSO's link map (_dl_new_object).</param>
    /// <param name="SearchListBytes">Pointers to library directories (_dl_init_paths).</param>
    /// <param name="SearchPathBytes">What is known of each (_dl_init_paths).</param>
    /// <param name="ObjectsBytes">Address ranges of the objects loaded (_dl_find_object_init).</param>
    private sealed record Blocks(uint ThreadLocalBytes, uint VdsoLinkMapBytes, uint SearchListBytes, uint SearchPathBytes, uint ObjectsBytes)
    {
        public static Blocks X86_64 { get; } = new(0xd00, 1225, 40, 320, 160);

        public static Blocks I386 { get; } = new(0x880, 657, 20, 160, 100);
    }
}
