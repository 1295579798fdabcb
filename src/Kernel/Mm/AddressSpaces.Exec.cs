using Sim.Engine.Events;
using Sim.Kernel.Exec;

namespace Sim.Kernel.Mm;

/// <content>What execve changes beside areas and pages.</content>
public sealed partial class AddressSpaces : IApply<ExecBegin>, IApply<ExecBss>, IApply<ExecLayout>, IApply<ExecAuxv>, IApply<ExecReadImpliesExec>, IApply<ExecCompat>
{
    /// <summary>The old address space's frames are in <see cref="Released"/> afterwards. Limits and personality are the process's and stay.</summary>
    public void Apply(in ExecBegin e, in EventHeader header)
    {
        // A task that vfork made has no address space of its own before.
        AddressSpace? old = Find(e.Pid);
        ResourceLimits? limits = (old ?? Find(e.Parent))?.Limits;
        // Programs of x86-64 lose it (set_personality_64bit); the loader gives it back to 32-bit ones.
        bool readImpliesExec = !_layout.LongMode && (old?.ReadImpliesExec ?? false);
        Released.Clear();
        if (old is not null)
        {
            Apply(new MmExit(e.Pid), in header);
        }
        Apply(new MmCreate(e.Pid, e.RootPfn), in header);
        AddressSpace mm = this[e.Pid];
        mm.Limits = limits;
        mm.ReadImpliesExec = readImpliesExec;
        mm.MmapBase = limits is null ? mm.MmapBase : _layout.MmapBaseOf(limits.StackBytes);
    }

    public void Apply(in ExecReadImpliesExec e, in EventHeader header) => this[e.Pid].ReadImpliesExec = true;

    public void Apply(in ExecCompat e, in EventHeader header)
    {
        AddressSpace mm = this[e.Pid];
        mm.IsCompat = true;
        mm.MmapBase = (ulong)e.MmapBase;
    }

    public void Apply(in ExecBss e, in EventHeader header)
    {
        ulong start = (ulong)e.Vpn << 12;
        _editor.MapHeap(this[e.Pid], start, start + ((ulong)e.Pages << 12), (VmFlags)e.Flags);
    }

    public void Apply(in ExecLayout e, in EventHeader header)
    {
        AddressSpace mm = this[e.Pid];
        mm.StartCode = (ulong)e.StartCode;
        mm.EndCode = (ulong)e.EndCode;
        mm.StartData = (ulong)e.StartData;
        mm.EndData = (ulong)e.EndData;
        mm.ArgStart = (ulong)e.ArgStart;
        mm.EnvStart = (ulong)e.EnvStart;
        mm.EnvEnd = (ulong)e.EnvEnd;
    }

    public void Apply(in ExecAuxv e, in EventHeader header) => this[e.Pid].SavedAuxv.Add(new AuxiliaryEntry(e.Type, (ulong)e.Value));
}
