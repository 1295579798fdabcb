namespace Sim.Engine.Scheduling;

/// <summary>
/// A component is a state machine that messages drive. Nothing of it lives on a call stack between two dispatches;
/// that is what makes a snapshot possible.
/// </summary>
public interface IComponent
{
    /// <summary>Acts on a message that is due now.</summary>
    void Handle(in Message message);
}
