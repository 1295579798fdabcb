namespace MessagePack;

/// <summary>The value of <c>nil</c>. It has no other value, so any two are equal.</summary>
public struct Nil : IEquatable<Nil>
{
    public static readonly Nil Default;

    public static bool operator ==(Nil left, Nil right) => true;

    public static bool operator !=(Nil left, Nil right) => false;

    public readonly bool Equals(Nil other) => true;

    public override readonly bool Equals(object? obj) => obj is Nil;

    public override readonly int GetHashCode() => 0;

    public override readonly string ToString() => "()";
}
