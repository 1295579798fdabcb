using System.Globalization;
using Sim.Engine.Random;
using Sim.Hardware.Cpu;
using Sim.Kernel.Buddy;
using Sim.Kernel.Tests.Support;
using Sim.Kernel.Zones;

namespace Sim.Kernel.Tests.Buddy;

/// <summary>
/// A million random operations per profile, all invariants checked all along. A sequence that breaks one is shrunk to the
/// shortest that still does and printed.
/// </summary>
public sealed class PageAllocatorSequenceTests
{
    private const int Operations = 1_000_000, Piece = 20_000, CheckEvery = 1_000, Slots = 3_000;

    [Theory]
    [InlineData(KernelProfile.X86_64, 96, 1, 101)]
    [InlineData(KernelProfile.X86_64, 128, 2, 102)]
    [InlineData(KernelProfile.I386Classic, 48, 1, 103)]
    [InlineData(KernelProfile.I386, 48, 1, 104)]
    [InlineData(KernelProfile.I386Pae, 64, 2, 105)]
    public void AMillionOperations_BreakNoInvariant(KernelProfile profile, int megabytes, int cpus, ulong seed)
    {
        var random = new RandomStream(seed, "sequence");
        var machine = new Machine(profile, megabytes, cpus);
        int done = 0;
        for (; done < Operations; done += Piece)
        {
            // From time to time memory is asked for until there is none, then given back.
            ulong bias = (ulong)(done / Piece % 3);
            var piece = new Operation[Piece];
            for (int i = 0; i < piece.Length; i++)
            {
                piece[i] = new Operation(random.NextUInt64(), bias);
            }
            if (machine.Run(piece, CheckEvery) is { } violation)
            {
                Operation[] all = [.. machine.History, .. piece];
                Operation[] least = Shrinker.Minimize(all, ops => new Machine(profile, megabytes, cpus).Run(ops, 1) is not null);
                Assert.Fail(string.Create(CultureInfo.InvariantCulture,
                    $"seed {seed}, within operation {done + Piece}: {violation}. {least.Length} operations are enough:\n{string.Join('\n', least)}"));
            }
        }
        Assert.Equal(Operations, done);
        Assert.True(machine.Failures > 100, "the sequence is to reach the end of memory");
        Assert.All(machine.Counts, count => Assert.True(count > 100, "every kind of operation is to be carried out"));
    }

    [Fact]
    public void Shrinker_FindsTheTwoThatMatter()
    {
        int[] sequence = [.. Enumerable.Range(0, 5_000)];
        Assert.Equal([77, 4_321], Shrinker.Minimize(sequence, s => s.Contains(77) && s.Contains(4_321)));
    }

    /// <summary>What the checks are worth: a page that is forgotten breaks an invariant, and the sequence shrinks to it.</summary>
    [Fact]
    public void AForgottenPage_IsFoundAndShrunk()
    {
        var random = new RandomStream(1, "forgotten");
        Operation[] piece = [.. Enumerable.Range(0, 400).Select(_ => new Operation(random.NextUInt64(), 0))];
        piece[200] = new Operation(0, 0, Forget: true);
        Assert.NotNull(new Machine(KernelProfile.X86_64, 96, 1).Run(piece, 1));
        Operation[] least = Shrinker.Minimize(piece, ops => new Machine(KernelProfile.X86_64, 96, 1).Run(ops, 1) is not null);
        Assert.True(Assert.Single(least).Forget);
    }

    private readonly record struct Operation(ulong Draw, ulong Bias, bool Forget = false);

    private sealed class Machine
    {
        private static readonly GfpFlags[] Kinds =
        [
            GfpFlags.HighUserMovable, GfpFlags.HighUserMovable, GfpFlags.Kernel, GfpFlags.Kernel | GfpFlags.Reclaimable, GfpFlags.Atomic,
            GfpFlags.Kernel | GfpFlags.Dma, GfpFlags.TransHugeLight, GfpFlags.Kernel | GfpFlags.MemAlloc,
        ];

        private readonly TestKernel _kernel;
        private readonly List<(long Pfn, int Order)> _held = [];
        private readonly long[] _pfns = new long[64];

        public Machine(KernelProfile profile, int megabytes, int cpus) =>
            _kernel = new TestKernel((long)megabytes << 20, cpus, new KernelOptions { Profile = profile });

        public List<Operation> History { get; } = [];

        public long[] Counts { get; } = new long[9];

        public int Failures { get; private set; }

        public string? Run(Operation[] operations, int checkEvery)
        {
            for (int i = 0; i < operations.Length; i++)
            {
                Step(operations[i]);
                if (i % checkEvery == checkEvery - 1 && PageInvariants.Violation(_kernel.Pages) is { } violation)
                {
                    return violation;
                }
            }
            History.AddRange(operations);
            return PageInvariants.Violation(_kernel.Pages);
        }

        private void Step(Operation operation)
        {
            ulong draw = operation.Draw;
            CpuClock cpu = _kernel.Cpus[(int)((draw >> 60) % (ulong)_kernel.Cpus.Length)];
            if (operation.Forget)
            {
                Zone zone = _kernel.Pages.Zones.First(z => z.FreePages > 0);
                zone.FreePages--;
                return;
            }
            int kind = (int)(draw % 64);
            // Grow, hold or shrink, by the bias of the piece.
            bool mayTake = _held.Count < Slots * (1 + (int)operation.Bias);
            if (kind < 30 && mayTake)
            {
                Take(draw, cpu);
            }
            else if (kind < 58)
            {
                GiveBack(draw, cpu, past: kind == 57);
            }
            else if (kind == 58 && mayTake)
            {
                Bulk(draw, cpu);
            }
            else if (kind == 59)
            {
                Drain(draw, cpu);
            }
            else if (kind == 60)
            {
                Isolate(draw, cpu);
            }
            else if (kind == 61)
            {
                Split(draw);
            }
            else if (kind == 62)
            {
                Counts[7]++;
                _kernel.Allocator.SetReclaimActive(_kernel.Pages.Profile.Zones[^1], (draw >> 8) % 2 == 0, -1);
            }
            else
            {
                Counts[8]++;
                _kernel.Allocator.RefreshNow(cpu, -1);
            }
        }

        private void Take(ulong draw, CpuClock cpu)
        {
            int size = (int)((draw >> 8) % 64);
            int order = size < 44 ? 0 : size < 60 ? size % 4 : size % (PageOrder.Max + 1);
            long pfn = _kernel.Allocator.AllocPages(order, Kinds[(int)((draw >> 16) % (ulong)Kinds.Length)], 1, cpu, -1);
            Counts[0]++;
            Failures += pfn < 0 ? 1 : 0;
            if (pfn >= 0)
            {
                _held.Add((pfn, order));
            }
        }

        private void GiveBack(ulong draw, CpuClock cpu, bool past)
        {
            if (_held.Count == 0)
            {
                return;
            }
            (long pfn, int order) = RemoveAt(draw);
            Counts[past ? 2 : 1]++;
            if (past)
            {
                _kernel.Allocator.FreePagesToBuddy(pfn, order, cpu, -1);
            }
            else
            {
                _kernel.Allocator.FreePages(pfn, order, cpu, -1);
            }
        }

        private void Bulk(ulong draw, CpuClock cpu)
        {
            int got = _kernel.Allocator.AllocPagesBulk(GfpFlags.Kernel, 1, cpu, -1, _pfns.AsSpan(0, 1 + (int)((draw >> 8) % 64)));
            Counts[3]++;
            for (int i = 0; i < got; i++)
            {
                _held.Add((_pfns[i], 0));
            }
        }

        private void Drain(ulong draw, CpuClock cpu)
        {
            Counts[4]++;
            Zone zone = _kernel.Pages.Zones[(int)((draw >> 8) % (ulong)_kernel.Pages.Zones.Length)];
            switch ((draw >> 16) % 3)
            {
                case 0:
                    _kernel.Allocator.DrainAll(cpu, -1);
                    break;
                case 1:
                    _kernel.Allocator.DrainZone(zone, cpu, -1);
                    break;
                default:
                    _kernel.Allocator.DrainLocal(zone, cpu.Id, cpu, -1);
                    break;
            }
        }

        private void Isolate(ulong draw, CpuClock cpu)
        {
            long pfn = (long)((draw >> 8) % (ulong)_kernel.Pages.Frames.Count);
            while (pfn < _kernel.Pages.Frames.Count && _kernel.Pages.Frames[pfn].State != FrameState.Buddy)
            {
                pfn++;
            }
            if (pfn == _kernel.Pages.Frames.Count)
            {
                return;
            }
            Counts[5]++;
            int frames = _kernel.Allocator.IsolateFreePage(pfn, cpu, -1);
            for (int i = 0; i < frames; i++)
            {
                _held.Add((pfn + i, 0));
            }
        }

        private void Split(ulong draw)
        {
            if (_held.Count == 0)
            {
                return;
            }
            (long pfn, int order) = RemoveAt(draw);
            int piece = order == 0 ? 0 : (int)((draw >> 40) % (ulong)order);
            Counts[6]++;
            if (piece < order)
            {
                _kernel.Allocator.SplitPage(pfn, piece, -1);
            }
            for (long at = pfn; at < pfn + (1L << order); at += 1L << piece)
            {
                _held.Add((at, piece));
            }
        }

        private (long Pfn, int Order) RemoveAt(ulong draw)
        {
            int index = (int)((draw >> 8) % (ulong)_held.Count);
            (long Pfn, int Order) block = _held[index];
            _held[index] = _held[^1];
            _held.RemoveAt(_held.Count - 1);
            return block;
        }
    }
}
