namespace Sim.Host.Traces;

/// <summary>
/// Events as bytes: kind, presence mask (bits 0–5 the arguments, 6 the result, 7 the symbol), then unsigned LEB128 numbers: accesses since the previous
/// event of the chunk, thread, system call, and whatever the mask names. The result is zigzag-coded.
/// </summary>
internal static class EventCodec
{
    internal static int Encode(in TraceEvent e, ulong positionDelta, Span<byte> destination)
    {
        int mask = (e.Argument0 != 0 ? 1 : 0) | (e.Argument1 != 0 ? 2 : 0) | (e.Argument2 != 0 ? 4 : 0) | (e.Argument3 != 0 ? 8 : 0)
            | (e.Argument4 != 0 ? 16 : 0) | (e.Argument5 != 0 ? 32 : 0) | (e.Result != 0 ? 64 : 0) | (e.SymbolId >= 0 ? 128 : 0);
        destination[0] = (byte)e.Kind;
        destination[1] = (byte)mask;
        int at = 2;
        Put(destination, ref at, positionDelta);
        Put(destination, ref at, e.ThreadId);
        Put(destination, ref at, e.SyscallNumber);
        PutIf(destination, ref at, e.Argument0);
        PutIf(destination, ref at, e.Argument1);
        PutIf(destination, ref at, e.Argument2);
        PutIf(destination, ref at, e.Argument3);
        PutIf(destination, ref at, e.Argument4);
        PutIf(destination, ref at, e.Argument5);
        PutIf(destination, ref at, unchecked((ulong)((e.Result << 1) ^ (e.Result >> 63))));
        if (e.SymbolId >= 0)
        {
            Put(destination, ref at, (ulong)e.SymbolId);
        }

        return at;
    }

    /// <summary>Decodes one event; false when the bytes are none. <paramref name="at"/> moves on past it.</summary>
    internal static bool TryDecode(ReadOnlySpan<byte> source, ref int at, out TraceEvent e, out ulong positionDelta)
    {
        e = default;
        positionDelta = 0;
        if (source.Length - at < 2)
        {
            return false;
        }

        e.Kind = (TraceRecordKind)source[at++];
        int mask = source[at++];
        bool ok = TryGet(source, ref at, out positionDelta);
        ok &= TryGet(source, ref at, out ulong thread);
        ok &= TryGet(source, ref at, out ulong syscall);
        ok &= TryGetIf(source, ref at, mask & 1, out e.Argument0);
        ok &= TryGetIf(source, ref at, mask & 2, out e.Argument1);
        ok &= TryGetIf(source, ref at, mask & 4, out e.Argument2);
        ok &= TryGetIf(source, ref at, mask & 8, out e.Argument3);
        ok &= TryGetIf(source, ref at, mask & 16, out e.Argument4);
        ok &= TryGetIf(source, ref at, mask & 32, out e.Argument5);
        ok &= TryGetIf(source, ref at, mask & 64, out ulong result);
        ok &= TryGetIf(source, ref at, mask & 128, out ulong symbol);
        e.ThreadId = (uint)thread;
        e.SyscallNumber = (uint)syscall;
        e.Result = (long)(result >> 1) ^ -(long)(result & 1);
        e.SymbolId = (mask & 128) != 0 ? (int)Math.Min(symbol, int.MaxValue) : -1;
        return ok && thread <= uint.MaxValue && syscall <= uint.MaxValue && e.IsPlausible;
    }

    private static void PutIf(Span<byte> destination, ref int at, ulong value)
    {
        if (value != 0)
        {
            Put(destination, ref at, value);
        }
    }

    private static void Put(Span<byte> destination, ref int at, ulong value)
    {
        while (value >= 0x80)
        {
            destination[at++] = (byte)(value | 0x80);
            value >>= 7;
        }

        destination[at++] = (byte)value;
    }

    private static bool TryGetIf(ReadOnlySpan<byte> source, ref int at, int present, out ulong value)
    {
        value = 0;
        return present == 0 || TryGet(source, ref at, out value);
    }

    private static bool TryGet(ReadOnlySpan<byte> source, ref int at, out ulong value)
    {
        value = 0;
        for (int shift = 0; shift < 64 && at < source.Length; shift += 7)
        {
            byte part = source[at++];
            if (shift == 63 && part > 1)
            {
                return false;
            }

            value |= (ulong)(part & 0x7f) << shift;
            if (part < 0x80)
            {
                return true;
            }
        }

        return false;
    }
}
