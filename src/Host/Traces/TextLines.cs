using System.IO.Compression;

namespace Sim.Host.Traces;

/// <summary>Reads a text file, gzip-compressed or not, line by line as bytes, without an allocation per line.</summary>
internal sealed class TextLines : IDisposable
{
    /// <summary>No line of a text that is read here comes near this.</summary>
    private const int MaxLineBytes = 1 << 20;

    private readonly string _path;
    private readonly FileStream _file;
    private readonly Stream _stream;
    private byte[] _buffer = new byte[1 << 17];
    private int _start;
    private int _end;
    private bool _atEnd;

    internal TextLines(string path)
    {
        _path = path;
        _file = TraceInput.Open(path);
        int first = _file.ReadByte();
        int second = _file.ReadByte();
        _file.Position = 0;
        _stream = first == 0x1f && second == 0x8b ? new GZipStream(_file, CompressionMode.Decompress) : _file;
    }

    /// <summary>Number of the line read last, from 1.</summary>
    internal long LineNumber { get; private set; }

    /// <summary>Bytes of the file read so far, and all of them: for progress.</summary>
    internal (long Done, long Total) Progress => (_file.Position, _file.Length);

    /// <summary>Whether the line read last had no line feed, because the file ended.</summary>
    internal bool LastLineUnfinished { get; private set; }

    /// <summary>The next line without its line feed, valid until the next call.</summary>
    internal bool TryRead(out ReadOnlySpan<byte> line)
    {
        int searched = 0;
        while (true)
        {
            int length = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            if (length >= 0)
            {
                length += searched;
                line = Take(length, length + 1);
                return true;
            }

            searched = _end - _start;
            if (_atEnd)
            {
                LastLineUnfinished |= searched > 0;
                line = Take(searched, searched);
                return searched > 0;
            }

            Fill();
        }
    }

    public void Dispose()
    {
        _stream.Dispose();
        _file.Dispose();
    }

    private ReadOnlySpan<byte> Take(int length, int consumed)
    {
        ReadOnlySpan<byte> line = _buffer.AsSpan(_start, length);
        _start += consumed;
        LineNumber += consumed > 0 ? 1 : 0;
        return line is [.., (byte)'\r'] ? line[..^1] : line;
    }

    private void Fill()
    {
        int held = _end - _start;
        if (held > MaxLineBytes)
        {
            throw TraceFormatException.AtLine(_path, LineNumber + 1, $"a line of more than {MaxLineBytes} bytes", "No text that this program reads has such lines");
        }

        if (held == _buffer.Length)
        {
            Array.Resize(ref _buffer, 2 * held);
        }
        else if (_start > 0)
        {
            _buffer.AsSpan(_start, held).CopyTo(_buffer);
            (_start, _end) = (0, held);
        }

        try
        {
            int got = _stream.Read(_buffer, _end, _buffer.Length - _end);
            _end += got;
            _atEnd = got == 0;
        }
        catch (InvalidDataException e)
        {
            throw TraceFormatException.AtLine(_path, LineNumber + 1, "the gzip data are damaged", "Compress the captured text again", e);
        }
    }
}
