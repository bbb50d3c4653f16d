using Juice.Interop;

namespace Juice;

/// <summary>Something that runs circuits: the processor, a graphics card.</summary>
/// <remarks>Immutable; safe to use from any number of threads.</remarks>
public sealed class Device : IEquatable<Device>
{
    private unsafe Device(in NativeDevice native)
    {
        fixed (NativeDevice* device = &native)
        {
            Name = NativeText.Read(device->Name, 32);
            Description = NativeText.Read(device->Description, 192);
            IsAvailable = device->Available != 0;
            Reason = IsAvailable ? null : NativeText.Read(device->Reason, 256);
            Memory = device->Memory;
            Cores = device->Cores;
        }
    }

    /// <summary>The device that circuits are compiled for unless another is named: the processor.</summary>
    public static Device Default => Cpu;

    /// <summary>The processor, which is always there.</summary>
    public static Device Cpu { get => field ??= At(0); }

    /// <summary>An NVIDIA graphics card; where it is not available, <see cref="Reason"/> says why.</summary>
    /// <param name="index">Its number, counted from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="index"/> is negative.</exception>
    /// <exception cref="ArgumentException">There is no card of that number.</exception>
    public static Device Cuda(int index = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        return Named($"cuda:{index}");
    }

    /// <summary>Every device that Juice knows of here, available or not.</summary>
    public static IReadOnlyList<Device> All
    {
        get
        {
            Status.Check(NativeMethods.juice_device_count(out int count));
            Device[] devices = new Device[count];
            for (int i = 0; i < count; i++)
            {
                devices[i] = At(i);
            }
            return devices;
        }
    }

    /// <summary>What the device is called: "cpu", "cuda:0".</summary>
    public string Name { get; }

    /// <summary>The hardware, and the instruction set in use.</summary>
    public string Description { get; }

    /// <summary>Whether circuits can be compiled for it.</summary>
    public bool IsAvailable { get; }

    /// <summary>Why it is not available; null where it is.</summary>
    public string? Reason { get; }

    /// <summary>Its memory in bytes.</summary>
    public long Memory { get; }

    /// <summary>Its processor cores.</summary>
    public int Cores { get; }

    /// <summary>The device of that name; "cuda" is "cuda:0".</summary>
    /// <exception cref="ArgumentException">There is none; the message lists the names.</exception>
    public static Device Named(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (name == "cpu")
        {
            return Cpu;     // without looking for others
        }
        IReadOnlyList<Device> all = All;
        return all.FirstOrDefault(device => device.Name == (name == "cuda" ? "cuda:0" : name))
            ?? throw new ArgumentException($"There is no device '{name}'; there are: {string.Join(", ", all.Select(device => device.Name))}.", nameof(name));
    }

    private static unsafe Device At(int index)
    {
        NativeDevice native = new() { Size = sizeof(NativeDevice) };
        Status.Check(NativeMethods.juice_device_get(index, &native));
        return new Device(native);
    }

    /// <summary>Whether both are the same device.</summary>
    public bool Equals(Device? other) => other is not null && Name == other.Name;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Device);

    /// <inheritdoc/>
    public override int GetHashCode() => Name.GetHashCode(StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => IsAvailable ? $"{Name}: {Description}" : $"{Name}: not available: {Reason}";
}
