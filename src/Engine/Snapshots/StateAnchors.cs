namespace Sim.Engine.Snapshots;

/// <summary>
/// The objects a machine consists of when its constructors have run, each by its way from the root: the numbers of the
/// references that lead to it. A restored machine made by the same constructors has the same ways, so a saved object finds
/// its place in it; what came into being after construction has none and is made anew.
/// </summary>
public sealed class StateAnchors
{
    private readonly Dictionary<object, ulong> _ways = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<ulong, object> _objects = [];

    /// <param name="roots">The machine just made, in the order in which its parts will be saved.</param>
    /// <exception cref="NotSupportedException">Something in it could not be saved.</exception>
    public StateAnchors(params ReadOnlySpan<object> roots)
    {
        var collector = new Collector(this);
        foreach (object root in roots)
        {
            collector.Reference(root, isFixed: true);
        }
    }

    internal ulong? WayTo(object value) => _ways.TryGetValue(value, out ulong way) ? way : null;

    internal object? At(ulong way) => _objects.GetValueOrDefault(way);

    private sealed class Collector(StateAnchors anchors) : StateVisitor
    {
        private ulong _way;
        private int _next;

        public override bool IsLoading => false;

        public override void Bytes(Span<byte> bytes)
        {
        }

        internal override void Align()
        {
        }

        internal override object? Reference(object? current, bool isFixed)
        {
            ulong way = Mix(_way, _next++);
            if (current is null or string || !anchors._ways.TryAdd(current, way))
            {
                return current;
            }
            anchors._objects.Add(way, current);
            (ulong outerWay, int outerNext) = (_way, _next);
            (_way, _next) = (way, 0);
            var shape = ContentShape.Of(current.GetType());
            if (!shape.IsSettings)
            {
                shape.Visit(this, current);
            }
            (_way, _next) = (outerWay, outerNext);
            return current;
        }

        // MurmurHash3's finalizer.
        private static ulong Mix(ulong way, int next)
        {
            ulong x = (way + (ulong)next + 1) * 0x9e37_79b9_7f4a_7c15;
            x = (x ^ (x >> 33)) * 0xff51_afd7_ed55_8ccd;
            x = (x ^ (x >> 33)) * 0xc4ce_b9fe_1a85_ec53;
            return x ^ (x >> 33);
        }
    }
}
