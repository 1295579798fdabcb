using Sim.Engine.Log;
using Sim.Engine.Snapshots;
using Sim.Engine.Tests.Log;

namespace Sim.Engine.Tests.Snapshots;

/// <summary>Invariant: a snapshot's file gives the image that was saved, or says that it is damaged; never another image.</summary>
public class SnapshotFileTests
{
    private static readonly LogIdentity Identity = new("run", "2", "config", 1);

    [Fact]
    public void FullAndPartialSnapshots_GiveTheImagesThatWereSaved()
    {
        MemoryStorage storage = Written(out List<byte[]> images);
        for (int i = 0; i < images.Count; i++)
        {
            var image = new StateImage();
            SnapshotHeader header = SnapshotFile.Read(storage, Sequence(i), image, sourcedOnly: false);
            Assert.Equal(images[i], Bytes(image));
            Assert.Equal(i == 0 ? -1 : Sequence(0), header.Base);
            SnapshotFile.Read(storage, Sequence(i), image, sourcedOnly: true);
            Assert.Equal(images[i][..(2 * StateImage.PageBytes)], Bytes(image));
        }
        Assert.True(storage[SnapshotFile.Name(Sequence(1))].Length < storage[SnapshotFile.Name(Sequence(0))].Length / 2, "only what differs is stored");
    }

    [Fact]
    public void EveryChangedBit_AndEveryCut_IsFound()
    {
        MemoryStorage storage = Written(out List<byte[]> images);
        string name = SnapshotFile.Name(Sequence(1));
        byte[] sound = storage[name];
        for (int bit = 0; bit < sound.Length * 8; bit++)
        {
            byte[] changed = [.. sound];
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            storage[name] = changed;
            AssertRefusedOrSame(storage, images[1]);
        }
        for (int length = 0; length < sound.Length; length++)
        {
            storage[name] = sound[..length];
            AssertRefusedOrSame(storage, images[1], mayBeSame: false);
        }
        storage[name] = sound;
        storage.Delete(SnapshotFile.Name(Sequence(0)));
        AssertRefusedOrSame(storage, images[1], mayBeSame: false);
    }

    [Fact]
    public void AnImageOfOtherObjects_IsRefused()
    {
        var node = new Node { Value = 5, Next = new Node { Value = 6 } };
        var image = new StateImage();
        new StateSaver(image, new StateAnchors(node)).Save(node);
        var other = new Leaf();
        Assert.Throws<InvalidDataException>(() => new StateLoader(image, new StateAnchors(other)).Load(other));
        var same = new Node();
        new StateLoader(image, new StateAnchors(same)).Load(same);
        Assert.Equal((5, 6), (same.Value, same.Next!.Value));
    }

    [Fact]
    public void WhatIsReferredToTwice_IsOneObjectAgain_AndCyclesClose()
    {
        var shared = new Leaf { Name = "x", Numbers = [1, 2, 3] };
        var node = new Node();
        var anchors = new StateAnchors(node);
        (node.Left, node.Right, node.Next) = (shared, shared, node);
        node.Map[7] = shared;
        var image = new StateImage();
        new StateSaver(image, anchors).Save(node);
        var restored = new Node();
        new StateLoader(image, new StateAnchors(restored)).Load(restored);
        Assert.Same(restored.Left, restored.Right);
        Assert.Same(restored.Left, restored.Map[7]);
        Assert.Same(restored, restored.Next);
        Assert.Equal("x", restored.Left!.Name);
        Assert.Equal([1, 2, 3], restored.Left.Numbers);
    }

    private static long Sequence(int i) => 1000 + (i * 10);

    /// <summary>What is in a gap is no state, and differs from one run to the next.</summary>
    [Fact]
    public void StructuresWithGaps_AreNotSavedAsTheirBytes()
    {
        Assert.False(PlainType<(int, long)>.Is);
        Assert.False(PlainType<(byte, short)>.Is);
        Assert.True(PlainType<(int, int)>.Is);
        Assert.True(PlainType<Sim.Engine.Scheduling.Message>.Is);
        var saver = new StateSaver(new StateImage(), new StateAnchors());
        Assert.Throws<NotSupportedException>(() => saver.Span<(byte, short)>([(1, 2)]));
    }

    [Fact]
    public void WhenTheDiskIsFull_OrAnOperationFails_NothingUnfinishedStays()
    {
        MemoryStorage whole = Written(out _);
        long bytes = whole.Names.Sum(n => (long)whole[n].Length);
        foreach (long capacity in (long[])[0, 100, bytes / 2, bytes - 1])
        {
            var storage = new MemoryStorage { Capacity = capacity };
            Assert.IsType<IOException>(Write(storage, out _));
            Assert.All(storage.Names, n => Assert.Equal(whole[n], storage[n]));
        }
        for (int n = 1; n <= whole.Operations; n++)
        {
            var storage = new MemoryStorage { FailAt = n, Transient = true };
            Assert.IsType<IOException>(Write(storage, out _));
            Assert.All(storage.Names, name => Assert.Equal(whole[name], storage[name]));
        }
    }

    private static MemoryStorage Written(out List<byte[]> images)
    {
        var storage = new MemoryStorage();
        Assert.Null(Write(storage, out images));
        return storage;
    }

    private static Exception? Write(MemoryStorage storage, out List<byte[]> images)
    {
        var random = new Sim.Engine.Random.RandomStream(3, "snapshot");
        byte[] bytes = new byte[(9 * StateImage.PageBytes) + 100];
        for (int i = 0; i < bytes.Length; i += 9)
        {
            bytes[i] = (byte)random.NextBelow(256);
        }
        images = [];
        using var writer = new SnapshotWriter(storage, Identity, _ => Task.FromResult(new LogBoundary(new BlockAddress(0, 3), 990, ChainHash.Zero)));
        for (int i = 0; i < 3 && writer.Failure is null; i++)
        {
            bytes[(i * 3 * StateImage.PageBytes) + 5]++;
            byte[] now = [.. bytes];
            images.Add(now);
            int number = i;
            writer.Take(draft =>
            {
                draft.Image.SetLength(now.Length);
                for (int page = 0; page < draft.Image.Pages; page++)
                {
                    draft.Image.Page(page).Clear();
                    now.AsSpan(page * StateImage.PageBytes, Math.Min(StateImage.PageBytes, now.Length - (page * StateImage.PageBytes))).CopyTo(draft.Image.Page(page));
                }
                draft.SourcedPages = 2;
                draft.Sequence = Sequence(number);
                draft.BlockFirst = 990;
                draft.OpenBlock = [1, 2, 3];
            });
            writer.Wait();
        }
        return writer.Failure;
    }

    private static byte[] Bytes(StateImage image)
    {
        byte[] bytes = new byte[image.Length];
        for (int page = 0; page < image.Pages; page++)
        {
            image.Page(page)[..Math.Min(StateImage.PageBytes, bytes.Length - (page * StateImage.PageBytes))].CopyTo(bytes.AsSpan(page * StateImage.PageBytes));
        }
        return bytes;
    }

    // A header field that says nothing about the image may be read changed only if its checksum holds, which it does not.
    private static void AssertRefusedOrSame(MemoryStorage storage, byte[] expected, bool mayBeSame = true)
    {
        var image = new StateImage();
        try
        {
            SnapshotFile.Read(storage, Sequence(1), image, sourcedOnly: false);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            return;
        }
        Assert.True(mayBeSame && Bytes(image).AsSpan().SequenceEqual(expected), "a damaged snapshot was read");
    }

    private sealed class Node
    {
        public Dictionary<long, Leaf> Map { get; } = [];

        public int Value { get; set; }

        public Node? Next { get; set; }

        public Leaf? Left { get; set; }

        public Leaf? Right { get; set; }
    }

    private sealed class Leaf
    {
        public string Name { get; set; } = "";

        public int[] Numbers { get; set; } = [];
    }
}
