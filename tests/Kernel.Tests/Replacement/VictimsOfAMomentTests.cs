using Sim.Engine.Random;
using Sim.Kernel.Replacement;

namespace Sim.Kernel.Tests.Replacement;

/// <summary>
/// Pages that go one after the other while nothing runs: a policy that may take it that nothing has changed chooses, and clears, what the same
/// policy does when it looks at everything anew for each.
/// </summary>
public sealed class VictimsOfAMomentTests
{
    private const int Pages = 64, Rounds = 300, Seeds = 30;

    public static TheoryData<string> Policies =>
        [.. ReplacementPolicies.All.Where(p => !p.Oracle).Select(p => p.Name)];

    [Theory]
    [MemberData(nameof(Policies))]
    public void AreThoseOfALookForEach(string name)
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            Assert.Equal(Trace(name, seed, eachAMoment: true), Trace(name, seed, eachAMoment: false));
        }
    }

    /// <summary>Sixteen victims of one moment cost two looks at each page, not sixteen.</summary>
    [Theory]
    [InlineData("nru")]
    [InlineData("working-set")]
    [InlineData("wsclock")]
    public void ShareALook(string name)
    {
        var machine = new Machine();
        IReplacementPolicy policy = Make(name, machine);
        for (int page = 0; page < Pages; page++)
        {
            (machine.Accessed[page], machine.Dirty[page]) = (true, true);
            policy.Insert(page);
        }
        machine.Moment++;
        for (int i = 0; i < 16; i++)
        {
            policy.Evict(-1);
        }
        Assert.InRange(machine.Asked, Pages, 2 * Pages);
    }

    private static List<int> Trace(string name, int seed, bool eachAMoment)
    {
        var random = new RandomStream((ulong)seed, "moments");
        var machine = new Machine();
        IReplacementPolicy policy = Make(name, machine);
        var resident = new bool[Pages];
        int count = 0;
        for (int round = 0; round < Rounds; round++)
        {
            machine.Moment++;
            machine.Now += (long)random.NextBelow(4);
            for (int i = (int)random.NextBelow(Pages); i > 0; i--)
            {
                int page = (int)random.NextBelow(Pages);
                if (!resident[page])
                {
                    policy.Insert(page);
                    resident[page] = true;
                    machine.Dirty[page] = false;
                    count++;
                }
                machine.Accessed[page] |= random.NextBelow(3) != 0;
                machine.Dirty[page] |= random.NextBelow(2) != 0;
            }
            if (random.NextBelow(8) == 0)
            {
                policy.Tick();
            }
            for (int i = (int)random.NextBelow(12); i > 0 && count > 0; i--, count--)
            {
                machine.Moment += eachAMoment ? 1 : 0;
                int page = (int)random.NextBelow(Pages);
                if (random.NextBelow(10) == 0 && resident[page])
                {
                    policy.Remove(page);
                }
                else
                {
                    page = policy.Evict(-1);
                    machine.Log.Add(page);
                }
                resident[page] = false;
            }
        }
        return machine.Log;
    }

    private static IReplacementPolicy Make(string name, Machine machine)
    {
        IReplacementPolicy policy = ReplacementPolicies.Find(name)!.Create(new ReplacementSettings(Pages, machine, Window: 9));
        policy.Reserve(Pages);
        return policy;
    }

    private sealed class Machine : IPageActivity
    {
        public bool[] Accessed { get; } = new bool[Pages];

        public bool[] Dirty { get; } = new bool[Pages];

        /// <summary>Victims, and as negative numbers the pages whose bit was cleared.</summary>
        public List<int> Log { get; } = [];

        public int Asked { get; private set; }

        public long Now { get; set; }

        public long Moment { get; set; }

        public bool TestAndClearAccessed(int page)
        {
            Asked++;
            if (!Accessed[page])
            {
                return false;
            }
            Accessed[page] = false;
            Log.Add(-1 - page);
            return true;
        }

        public bool IsDirty(int page) => Dirty[page];

        // As in a machine, where it takes until the next moment at least.
        public void StartWriting(int page)
        {
        }
    }
}
