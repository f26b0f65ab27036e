package disk

import (
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
)

var registered atomic.Int64

// DSN makes SQLite know the disk until the test ends, and returns the data source
// name of its one database. The pragmas, such as "journal_mode(wal)", are
// executed in order. WAL takes "locking_mode(exclusive)" before it, because there
// is no shared memory.
func (d *Disk) DSN(tb testing.TB, pragmas ...string) string {
	tb.Helper()
	name := "disk" + strconv.FormatInt(registered.Add(1), 10)
	vfs.Register(name, d)
	tb.Cleanup(func() { vfs.Unregister(name) })
	return strings.Join(append([]string{"file:test.db?vfs=" + name}, pragmas...), "&_pragma=")
}

// Open implements vfs.VFS.
func (d *Disk) Open(name string, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	const durable = vfs.OPEN_MAIN_DB | vfs.OPEN_MAIN_JOURNAL | vfs.OPEN_WAL
	if flags&durable == 0 {
		return &vfsutil.SliceFile{}, flags | vfs.OPEN_MEMORY, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off {
		return nil, flags, errPower
	}
	if d.names[name] == nil {
		if flags&vfs.OPEN_CREATE == 0 {
			return nil, flags, sqlite3.CANTOPEN
		}
		d.names[name] = &node{}
	}
	return &file{d, name, d.names[name]}, flags, nil
}

// Delete implements vfs.VFS.
func (d *Disk) Delete(name string, syncDir bool) error {
	found, err := d.remove(name, syncDir)
	if err == nil && !found {
		return sqlite3.IOERR_DELETE_NOENT
	}
	return err
}

// Access implements vfs.VFS.
func (d *Disk) Access(name string, _ vfs.AccessFlag) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.names[name] != nil, nil
}

// FullPathname implements vfs.VFS.
func (d *Disk) FullPathname(name string) (string, error) { return name, nil }

type file struct {
	disk *Disk
	name string
	node *node
}

func (f *file) ReadAt(b []byte, off int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.off {
		return 0, errPower
	}
	if off >= int64(len(f.node.data)) {
		return 0, io.EOF
	}
	n := copy(b, f.node.data[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) WriteAt(b []byte, off int64) (int, error) {
	if err := f.disk.change(f.node, op{off, append([]byte{}, b...)}); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (f *file) Truncate(size int64) error { return f.disk.change(f.node, op{off: size}) }

func (f *file) Sync(vfs.SyncFlag) error { return f.disk.sync(f.name, f.node) }

func (f *file) Size() (int64, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	return int64(len(f.node.data)), nil
}

func (*file) Close() error { return nil }

func (*file) Lock(vfs.LockLevel) error { return nil }

func (*file) Unlock(vfs.LockLevel) error { return nil }

func (*file) CheckReservedLock() (bool, error) { return false, nil }

func (*file) SectorSize() int { return sector }

func (*file) DeviceCharacteristics() vfs.DeviceCharacteristic {
	return vfs.IOCAP_POWERSAFE_OVERWRITE
}
