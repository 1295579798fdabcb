using Sim.Host.Workloads.Malloc;

namespace Sim.Host.Parity;

/// <summary>
/// Answers an allocator's system calls as the kernel did, and compares them with those of a recording once <c>main</c> has begun. Where
/// mappings lie is decided here by Linux 6.1's rules; a recording of another kernel, which has its own and relative addresses, answers for
/// itself as long as the calls are its own.
/// </summary>
internal sealed class MallocKernel : IMemoryCalls
{
    private readonly MallocRecording _recording;
    private readonly MemoryCall[] _calls;
    private readonly AddressRanges _ranges;
    private readonly ulong _begin;
    private ulong _break;
    private int _step;
    private bool _inMain;

    /// <summary>Before the first instruction.</summary>
    /// <param name="recording">What to compare with.</param>
    /// <param name="calls">Its calls with plain numbers.</param>
    /// <param name="initialBreak">The break that execve sets.</param>
    public MallocKernel(MallocRecording recording, MemoryCall[] calls, ulong initialBreak)
    {
        _recording = recording;
        _calls = calls;
        _begin = _break = initialBreak;
        // arch/x86/mm/mmap.c, mmap_base: the least gap below the stack, which a stack limit of 8 MiB does not exceed.
        const ulong LeastGapBytes = 128 << 20;
        _ranges = new AddressRanges((recording.Bits == 64 ? 0x7fff_ffff_f000UL : 0xc000_0000) - LeastGapBytes);
    }

    /// <summary>The break now.</summary>
    public ulong CurrentBreak => _break;

    /// <summary>Calls made in <c>main</c>.</summary>
    public int Steps => _step;

    /// <summary>Calls equal to the recorded ones, by position.</summary>
    public int StepsEqual { get; private set; }

    /// <summary>The first that is not.</summary>
    public MallocDifference? FirstDifference { get; private set; }

    /// <summary><c>main</c> begins: what is mapped now was recorded.</summary>
    public void BeginMain()
    {
        _inMain = true;
        foreach ((ulong start, ulong end) in _recording.Areas)
        {
            _ranges.Add(start, end);
        }
    }

    /// <summary><c>main</c> ends: no recorded call, and no mapped range, may be missing.</summary>
    public void EndMain()
    {
        if (_step < _calls.Length)
        {
            Differ("call", _calls[_step].ToString(), "none");
        }
        IReadOnlyList<(ulong Start, ulong End)> expected = _recording.AreasAtEnd;
        if (!_recording.IsRelative && !expected.SequenceEqual(_ranges.All))
        {
            Differ("areas at the end", Text(expected.Except(_ranges.All)), Text(_ranges.All.Except(expected)));
        }
    }

    /// <inheritdoc/>
    public ulong Brk(ulong address)
    {
        (ulong oldEnd, ulong newEnd) = (PageUp(_break), PageUp(address));
        if (address >= _begin && (newEnd <= oldEnd || _ranges.IsFree(oldEnd, newEnd)))
        {
            _break = address;
            if (_inMain)
            {
                _ranges.Remove(newEnd, oldEnd);
                _ranges.Add(oldEnd, newEnd);
            }
        }
        return Answer("brk", [address], _break)!.Value;
    }

    /// <inheritdoc/>
    public ulong? Mmap(ulong lengthBytes) =>
        Answer("mmap", [0, lengthBytes, MemoryCall.ReadWrite, MemoryCall.PrivateAnonymous, MemoryCall.NoFile, 0], () => _ranges.Map(lengthBytes));

    /// <inheritdoc/>
    public void Munmap(ulong address, ulong lengthBytes)
    {
        _ranges.Remove(address, address + lengthBytes);
        Answer("munmap", [address, lengthBytes], 0);
    }

    /// <inheritdoc/>
    public ulong? Mremap(ulong address, ulong oldLengthBytes, ulong newLengthBytes) => Answer("mremap", [address, oldLengthBytes, newLengthBytes, MemoryCall.MayMove],
        () => _ranges.Remap(address, oldLengthBytes, newLengthBytes));

    /// <summary>Not recorded: it changes no area.</summary>
    public void DontNeed(ulong address, ulong lengthBytes)
    {
    }

    private static ulong PageUp(ulong address) => MallocAbi.RoundUp(address, MallocAbi.PageBytes);

    private static string Text(IEnumerable<(ulong Start, ulong End)> ranges) => string.Join(" ", ranges.Select(r => $"0x{r.Start:x}-0x{r.End:x}"));

    private ulong? Answer(string name, ulong[] arguments, Func<ulong?> own)
    {
        bool recorded = _recording.IsRelative && FirstDifference is null && _step < _calls.Length
            && !new MemoryCall(name, arguments, _calls[_step].Result).DiffersFrom(_calls[_step], out _);
        return Answer(name, arguments, recorded ? _calls[_step].Result : own());
    }

    private ulong? Answer(string name, ulong[] arguments, ulong? result)
    {
        if (!_inMain)
        {
            return result;
        }
        var call = new MemoryCall(name, arguments, result);
        if (_step >= _calls.Length)
        {
            Differ("call", "none", call.ToString());
        }
        else if (call.DiffersFrom(_calls[_step], out string field))
        {
            Differ(field, _calls[_step].ToString(), call.ToString());
        }
        else
        {
            StepsEqual++;
        }
        _step++;
        return result;
    }

    private void Differ(string field, string expected, string actual) =>
        FirstDifference ??= new MallocDifference(_step, _step < _calls.Length ? _calls[_step].Name : "none", field, expected, actual);
}

/// <summary>The first difference of a sequence.</summary>
/// <param name="Step">Position of the call, from 0.</param>
/// <param name="Call">The recorded call's name.</param>
/// <param name="Field">In what they differ.</param>
/// <param name="Expected">The recorded call.</param>
/// <param name="Actual">The model's.</param>
internal sealed record MallocDifference(int Step, string Call, string Field, string Expected, string Actual);
