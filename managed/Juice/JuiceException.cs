namespace Juice;

/// <summary>
/// What goes wrong in Juice other than a bad argument (<see cref="ArgumentException"/>), a cancelled call
/// (<see cref="OperationCanceledException"/>), the file system (<see cref="IOException"/>) and an invalid circuit
/// (<see cref="InvalidDataException"/>): memory that could not be had, a device that is not there or was lost, a native library that is missing or of
/// another version, a fault of Juice.
/// </summary>
public sealed class JuiceException : Exception
{
    /// <summary>An exception with a general message.</summary>
    public JuiceException() : base("Juice failed.")
    {
    }

    /// <summary>An exception with a message.</summary>
    public JuiceException(string message) : base(message)
    {
    }

    /// <summary>An exception with a message and a cause.</summary>
    public JuiceException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
