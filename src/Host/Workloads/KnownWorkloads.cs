using Sim.Host.Captures;
using Sim.Host.Experiments;

namespace Sim.Host.Workloads;

/// <summary>The workloads of this build: adding one is a record of options, a factory and an entry here.</summary>
public static class KnownWorkloads
{
    public static WorkloadRegistry Registry { get; } = With(observer: null);

    /// <summary>The same, with somebody who looks on while a capture is replayed.</summary>
    internal static WorkloadRegistry With(ICaptureObserver? observer) => new WorkloadRegistry()
        .Add<FilesOptions>(
            "files",
            "Tasks that read and write files, with calls or mapped.",
            (options, context) => new FilesWorkload(context.Machine, options, context.Seed, context.Name))
        .Add<FragmentationOptions>(
            "fragmentation",
            "Tasks and kernel users that allocate and free blocks of several orders, and a probe for a high order.",
            (options, context) => new FragmentationWorkload(context.Machine, options, context.Seed, context.Name))
        .Add<HugePagesOptions>(
            "hugepages",
            "A task that scatters its pages and the kernel's over memory, and then asks for huge pages.",
            (options, context) => new HugePagesWorkload(context.Machine, options, context.Seed, context.Name))
        .Add<NamesOptions>(
            "names",
            "Files that are opened by name and closed; their names and inodes stay in slab caches as long as memory lasts.",
            (options, context) => new NamesWorkload(context.Machine, options, context.Seed, context.Name))
        .Add<ProcessesOptions>(
            "processes",
            "Tasks that map memory, touch part of it, unmap it, and move their heap.",
            (options, context) => new ProcessesWorkload(context.Machine, options, context.Seed, context.Name))
        .Add<ProgramsOptions>(
            "programs",
            "Tasks that execute a real program's ELF file and touch what it maps.",
            (options, context) => new ProgramsWorkload(context.Machine, options, context.Seed, context.Name))
        .Add<SlabOptions>(
            "slab",
            "Objects of several slab caches, and of the general ones, that come and go.",
            (options, context) => new SlabWorkload(context.Machine, options, context.Seed, context.Name))
        .Add<TouchesOptions>(
            "touches",
            "A task for each of a list of accesses that programs should not make.",
            (options, context) => new TouchesWorkload(context.Machine, options, context.Name))
        .Add<TraceOptions>(
            "trace",
            "A real program's memory accesses and mapping calls, replayed together.",
            (options, context) => new TraceWorkload(context.Machine, options))
        .Add<VmallocOptions>(
            "vmalloc",
            "Buffers of the kernel, some from kmalloc and some from vmalloc, that are read and given back.",
            (options, context) => new VmallocWorkload(context.Machine, options, context.Seed, context.Name))
        .Add<WorkingSetOptions>(
            "workingset",
            "Tasks that fill memory and come back to it, to some of it more often.",
            (options, context) => new WorkingSetWorkload(context.Machine, options, context.Seed, context.Name))
        .Add<CaptureOptions>(
            "capture",
            "The page requests of a real kernel, from its captured trace.",
            (options, context) => new CaptureWorkload(context.Machine, options, observer));
}
