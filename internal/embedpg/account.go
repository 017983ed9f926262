package embedpg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// programTimeout bounds the programs that only print something.
const programTimeout = 10 * time.Second

// account is whom PostgreSQL's programs run as: the caller, or, because they refuse to run as root, an
// ordinary user that root drops to.
type account struct {
	name     string
	uid, gid int
	drop     bool
}

// chooseAccount keeps the caller's account unless that is root. For root the owner of an existing
// cluster wins, so that a cluster made as nobody still starts after a package has added the user
// postgres. The user must exist in passwd: initdb looks its name up.
func chooseAccount(pgdata string) (account, error) {
	if euid := os.Geteuid(); euid != 0 {
		return account{name: "uid " + strconv.Itoa(euid), uid: euid, gid: os.Getegid()}, nil
	}
	if uid, ok := ownerOf(pgdata); ok && uid != 0 {
		u, err := user.LookupId(strconv.Itoa(uid))
		if err != nil {
			return account{}, fmt.Errorf("%w: %s belongs to uid %d, which has no passwd entry: "+
				"chown -R it to an existing user other than root: %w", ErrDataDir, pgdata, uid, err)
		}
		return newAccount(u)
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			return newAccount(u)
		}
	}
	return account{}, errors.New("PostgreSQL refuses to run as root, and neither the user postgres nor " +
		"nobody exists to run it as: add one, start Purser as an ordinary user, or set DATABASE_URL")
}

func newAccount(u *user.User) (account, error) {
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return account{}, fmt.Errorf("read uid of %s: %w", u.Username, err)
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return account{}, fmt.Errorf("read gid of %s: %w", u.Username, err)
	}
	return account{name: u.Username, uid: uid, gid: gid, drop: true}, nil
}

func ownerOf(path string) (uid int, ok bool) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(st.Uid), true
}

// credential is nil when nothing is dropped. Its empty group list matters: without it the programs
// would keep root's supplementary groups.
func (a account) credential() *syscall.Credential {
	if !a.drop {
		return nil
	}
	return &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid), Groups: []uint32{}}
}

// own gives path to the account. Without dropped privileges it belongs to the account already.
func (a account) own(path string) error {
	if !a.drop {
		return nil
	}
	return os.Lchown(path, a.uid, a.gid)
}

// writeNew writes a file of the account's into a directory of the account's. Root must not follow what
// is there already: the account, which others may share, could have made it a link to anywhere.
func (a account) writeNew(name string, content []byte) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close(), a.own(name))
}

// ownTree gives a whole cluster to the account, for one that root restored from an archive.
func (a account) ownTree(root string) error {
	return filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return a.own(path)
	})
}

// mustReach returns ErrDataDir and what to do about it when the account cannot enter dir or a parent
// of it. PostgreSQL's own message for that is "could not access directory", long after the cause.
func (a account) mustReach(dir string) error {
	if !a.drop {
		return nil
	}
	var parents []string
	for p := dir; ; p = filepath.Dir(p) {
		parents = append(parents, p)
		if p == filepath.Dir(p) {
			break
		}
	}
	slices.Reverse(parents)
	for _, p := range parents {
		info, err := os.Stat(p)
		if err != nil {
			return fmt.Errorf("look at %s: %w", p, err)
		}
		if !a.mayEnter(info) {
			return fmt.Errorf("%w: PostgreSQL refuses to run as root and so runs as %s, which cannot enter %s (%s), "+
				"a part of %s: choose a directory such as %s with PURSER_DATA_DIR, allow entry with chmod o+x %s, "+
				"or start Purser as an ordinary user", ErrDataDir, a.name, p, info.Mode(), dir, rootDataDir, p)
		}
	}
	return nil
}

// mayEnter reads mode bits alone: an access list that grants more is refused here, with advice that
// works for it too.
func (a account) mayEnter(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	mode := info.Mode().Perm()
	switch {
	case int(st.Uid) == a.uid:
		return mode&0o100 != 0
	case int(st.Gid) == a.gid:
		return mode&0o010 != 0
	default:
		return mode&0o001 != 0
	}
}

// command prepares a PostgreSQL program: as the account, in a session of its own, so that a Ctrl-C
// at the terminal reaches Purser alone, which drains its requests before it stops the server.
func (a account) command(dir, program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = programEnv()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: a.credential()}
	return cmd
}

// programEnv leaves out everything of the caller's but what programs need to be loaded. PG* variables
// would change where initdb and postgres look, others may hold secrets. The locale is fixed because
// launch reads the server's log, and because macOS refuses a start without one.
func programEnv() []string {
	env := []string{"LC_ALL=C", "TZ=UTC"}
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// run runs a program to its end and returns its standard output. The program is killed with all its
// children when ctx ends or timeout passes, and on Linux when this process dies. An error carries the
// end of what the program wrote to standard error.
func (a account) run(ctx context.Context, timeout time.Duration, dir, program string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	// The death signal follows the thread that started the program.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	var stdout, stderr bytes.Buffer
	cmd := a.command(dir, program, args...)
	setDeathSignal(cmd.SysProcAttr, syscall.SIGKILL)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	// A grandchild that keeps a pipe open must not keep Wait.
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return "", err
	}
	stopKill := context.AfterFunc(ctx, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	err := cmd.Wait()
	if !stopKill() {
		err = ctx.Err()
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", filepath.Base(program), err, lastLines(stderr.String(), 5))
	}
	return strings.TrimSpace(stdout.String()), nil
}
