using System.Buffers.Binary;

namespace Sim.Engine.Tests.Log;

/// <summary>A structure of a segment: its block number (null for header and footer) and where it lies.</summary>
public sealed record LogStructure(string Segment, long? Block, long Start, long End)
{
    /// <summary>Every structure of a sound log, found by walking its segments without the reader under test: by block lengths and the file's end.</summary>
    public static List<LogStructure> Of(MemoryStorage storage)
    {
        var structures = new List<LogStructure>();
        foreach (string name in storage.Names)
        {
            byte[] bytes = storage[name];
            int offset = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(36));
            structures.Add(new LogStructure(name, null, 0, offset));
            for (long block = 0; bytes[offset] == 0x9E; block++)
            {
                int end = offset + 112 + BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(offset + 108));
                structures.Add(new LogStructure(name, block, offset, end));
                offset = end;
                if (offset == bytes.Length)
                {
                    break;
                }
            }
            if (offset < bytes.Length)
            {
                structures.Add(new LogStructure(name, null, offset, bytes.Length));
            }
        }
        return structures;
    }
}
