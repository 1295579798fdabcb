using Sim.Host.Experiments;
using Sim.Host.Workloads;

namespace Sim.Host.Provenance;

/// <summary>
/// Names of the users inside the kernel that a workload plays. Their numbers are those of slab caches, too: who means which
/// must be known from elsewhere.
/// </summary>
internal static class WorkloadUsers
{
    /// <summary>Names by number; a number that means different users in different phases has both names.</summary>
    public static IReadOnlyDictionary<int, string> Of(Experiment experiment)
    {
        var names = new Dictionary<int, List<string>>();
        foreach (FragmentationOptions phase in experiment.Workload.OfType<FragmentationOptions>())
        {
            int number = FragmentationWorkload.FirstKernelOwner;
            foreach (FragmentationUser user in phase.Users)
            {
                for (int i = 0; i < user.Count; i++, number--)
                {
                    Add(names, number, $"{user.Name}-{i}");
                }
            }
            Add(names, FragmentationWorkload.ProbeOwner, "the probe");
        }
        return names.ToDictionary(n => n.Key, n => $"{string.Join(" or ", n.Value)} of the workload");
    }

    private static void Add(Dictionary<int, List<string>> names, int number, string name)
    {
        if (!names.TryGetValue(number, out List<string>? known))
        {
            names.Add(number, known = []);
        }
        if (!known.Contains(name))
        {
            known.Add(name);
        }
    }
}
