namespace Juice.Tests;

public class DeviceTests
{
    [Test]
    public void The_processor_is_always_there_and_the_default()
    {
        Assert.That(Device.Cpu.IsAvailable, Is.True);
        Assert.That(Device.Cpu.Name, Is.EqualTo("cpu"));
        Assert.That(Device.Cpu.Reason, Is.Null);
        Assert.That(Device.Cpu.Cores, Is.Positive);
        Assert.That(Device.Cpu.Memory, Is.Positive);
        Assert.That(Device.Cpu.Description, Is.Not.Empty);
        Assert.That(Device.Default, Is.EqualTo(Device.Cpu));
        Assert.That(Device.All, Does.Contain(Device.Cpu));
    }

    [Test]
    public void Devices_that_are_not_available_say_why() =>
        Assert.That(Device.All.Where(device => !device.IsAvailable).Select(device => device.Reason), Is.All.Not.Empty);

    [Test]
    public void A_device_of_an_unknown_name_is_rejected_with_the_names_there_are() =>
        Assert.That(() => Device.Named("abacus"), Throws.ArgumentException.With.Message.Contains("'abacus'").And.Message.Contains("cpu"));
}
