using FsCheck;
using FsCheck.Fluent;
using Sim.Kernel.Vfs;

namespace Sim.Kernel.Tests.Vfs;

public class UnusedListTests
{
    private const int Files = 12;

    /// <summary>Beside a list of the library's: the same objects go, in the same order, whatever is used and looked at.</summary>
    [Fact]
    public void TheListIsASecondChanceQueue() =>
        Prop.ForAll(Gen.ListOf(Gen.Choose(0, 4 * Files - 1).Select(i => (byte)i), 300).Select(l => l.ToArray()).ToArbitrary(), IsASecondChanceQueue)
            .QuickCheckThrowOnFailure();

    private static bool IsASecondChanceQueue(byte[] operations)
    {
        var list = new UnusedList();
        var queue = new LinkedList<int>();
        var users = new Dictionary<int, int>();
        var referenced = new HashSet<int>();
        foreach (byte operation in operations)
        {
            int file = operation % Files;
            switch (operation / Files % 4)
            {
                case 0 or 1:
                    if (users.TryAdd(file, 1))
                    {
                        list.Add(file, file + 4096, users: 1);
                    }
                    else
                    {
                        users[file]++;
                        list.Get(file);
                    }
                    break;
                case 2 when users.GetValueOrDefault(file) > 0:
                    list.Put(file);
                    if (--users[file] == 0)
                    {
                        _ = queue.Contains(file) ? referenced.Add(file) : queue.AddLast(file) is null;
                    }
                    break;
                case 3:
                    var go = new List<int>();
                    for (int left = Math.Min(file, queue.Count); left > 0; left--)
                    {
                        int first = queue.First!.Value;
                        queue.RemoveFirst();
                        if (users[first] == 0 && referenced.Remove(first))
                        {
                            queue.AddLast(first);
                        }
                        else if (users[first] == 0)
                        {
                            go.Add(first);
                        }
                    }
                    list.Walk(file);
                    if (!go.SequenceEqual(list.Isolated))
                    {
                        return false;
                    }
                    foreach (int gone in go)
                    {
                        list.Remove(gone);
                        users.Remove(gone);
                    }
                    break;
            }
            if (list.Listed != queue.Count || list.Cached != users.Count)
            {
                return false;
            }
        }
        return true;
    }
}
