// The library on a graphics card, end to end and without a test runner: a line a check, "PASS …" or "FAIL …", and exit status 1 where one failed.
//   Juice.Gpu.Smoke [DEVICE] [TRAIN TEST]
// DEVICE is cuda:0 unless it is given. With files of rows of bytes (IDX, NPY, CSV) ten epochs of an HCLT with 64 latents are learnt on the processor and on the
// device, and must end within 0.005 bits per dimension of each other.
using System.Globalization;
using Juice;
using Juice.Data;
using Juice.Gpu.Smoke;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args.Length > 3 || args.Length == 2)
{
    Console.Error.WriteLine("usage: Juice.Gpu.Smoke [DEVICE [TRAIN TEST]]");
    return 2;
}
Device device = Device.Named(args.Length > 0 ? args[0] : "cuda:0");
Console.WriteLine(device);
if (!device.IsAvailable) return 3;

Checks checks = new();
Smoke smoke = new(device, checks);
smoke.Values();
smoke.Training();
smoke.Samples();
smoke.Rows();
smoke.Mistakes();
if (args.Length == 3) smoke.Images(RowFiles.Load(args[1]).WithCategories(256), RowFiles.Load(args[2]).WithCategories(256));
Console.WriteLine($"{checks.Passed} passed, {checks.Failed} failed");
return checks.Failed == 0 ? 0 : 1;
