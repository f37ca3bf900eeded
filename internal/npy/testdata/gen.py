"""Writes the arrays that npy_test.go reads. Needs numpy only."""
import numpy as np

a = np.array([[0, 1, -2.5], [0.1, 65504, -6e-8]])
for name, t in [("f2", np.float16), ("f4", np.float32), ("f8", np.float64)]:
    np.save(name + ".npy", a.astype(t))
np.save("vector.npy", np.arange(5, dtype=np.float32) / 4)
np.save("empty.npy", np.zeros((0, 4), np.float32))
np.save("special.npy", np.array([[np.nan, np.inf, -np.inf]], np.float16))
np.save("i8.npy", np.array([[1, -2], [3, 1 << 40]], np.int64))
np.save("fortran.npy", np.asfortranarray(a))
np.save("big_endian.npy", a.astype(">f4"))
np.save("cube.npy", np.zeros((2, 2, 2), np.float32))
np.save("scalar.npy", np.float32(3))
np.save("record.npy", np.zeros(2, [("a", "<f4"), ("b", "<f4")]))
np.save("object.npy", np.array([[1, "x"]], object), allow_pickle=True)
with open("version2.npy", "wb") as f:
    np.lib.format.write_array(f, a.astype(np.float32), version=(2, 0))
