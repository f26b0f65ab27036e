package pg

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var errNone = errors.New("pg: there is no PostgreSQL here: initdb and postgres are neither on PATH nor in /usr/lib/postgresql/*/bin")

// startTimeout is generous because a server that was killed recovers first.
const startTimeout = time.Minute

// Server is a PostgreSQL server in a folder of its own, which listens on a Unix
// socket there and nowhere else.
type Server struct {
	bin, dir  string
	fsync     string
	attr      *syscall.SysProcAttr
	process   *os.Process
	exited    chan struct{}
	databases atomic.Int64
}

// start makes and starts a server whose setting fsync is on or off.
func start(fsync string) (*Server, error) {
	bin, err := find()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pg")
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, dir: dir, fsync: fsync}
	if s.attr, err = attributes(dir); err == nil {
		if err = s.command("initdb", "-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync").Run(); err == nil {
			err = s.run()
		}
	}
	if err != nil {
		log, _ := os.ReadFile(s.log())
		s.stop()
		return nil, fmt.Errorf("pg: start server: %w\n%s", err, log)
	}
	return s, nil
}

// find returns the newest folder with the server's programs.
func find() (string, error) {
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), "initdb")); err == nil {
				return filepath.Dir(path), nil
			}
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", errNone
	}
	slices.Sort(found)
	return filepath.Dir(found[len(found)-1]), nil
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) log() string { return filepath.Join(s.dir, "log") }

func (s *Server) dsn(database string) string {
	return fmt.Sprintf("host=%s user=postgres dbname=%s", s.dir, database)
}

// command runs as the server's user and writes to the log.
func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...) //nolint:gosec,noctx // it ends with the test binary
	cmd.Dir, cmd.SysProcAttr = s.dir, s.attr
	if file, err := os.OpenFile(s.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err == nil {
		cmd.Stdout, cmd.Stderr = file, file // closed when nobody has it any more
	}
	return cmd
}

// run starts the server and waits until it takes connections.
func (s *Server) run() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	db, err := sql.Open(Driver, s.dsn("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	for {
		if s.process == nil { // or what a killed server has left behind was in the way
			if err := s.spawn(); err != nil {
				return err
			}
		}
		if err = db.PingContext(ctx); err == nil {
			return nil
		}
		select {
		case <-s.exited:
			s.process = nil
		case <-time.After(20 * time.Millisecond):
		}
		if ctx.Err() != nil {
			return fmt.Errorf("the server does not answer: %w", err)
		}
	}
}

// spawn starts the process from a thread that stays until it has ended, because
// that is what a parent is to the system's death signal.
func (s *Server) spawn() error {
	cmd := s.command("postgres", "-D", s.data(), "-k", s.dir, "-c", "listen_addresses=", "-c", "fsync="+s.fsync, "-c", "shared_buffers=16MB", "-c", "max_connections=100")
	started, exited := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		started <- cmd.Start()
		if cmd.Process != nil {
			_ = cmd.Wait()
		}
		close(exited)
	}()
	err := <-started
	if err == nil {
		s.process, s.exited = cmd.Process, exited
	}
	return err
}

// DSN makes a new database, which is dropped with the test.
func (s *Server) DSN(tb testing.TB) string {
	tb.Helper()
	name := fmt.Sprintf("test%d", s.databases.Add(1))
	s.admin(tb, "CREATE DATABASE "+name)
	tb.Cleanup(func() { s.admin(tb, "DROP DATABASE "+name+" WITH (FORCE)") })
	return s.dsn(name)
}

func (s *Server) admin(tb testing.TB, statement string) {
	tb.Helper()
	db, err := sql.Open(Driver, s.dsn("postgres"))
	require.NoError(tb, err)
	defer db.Close()
	_, err = db.ExecContext(context.WithoutCancel(tb.Context()), statement)
	require.NoError(tb, err, statement)
}

// Kill kills the server with SIGKILL, as the system does when it is out of
// memory, and starts it again, which recovers the databases.
func (s *Server) Kill(tb testing.TB) {
	tb.Helper()
	require.NoError(tb, s.process.Kill())
	<-s.exited
	s.process = nil
	require.NoError(tb, s.run())
}

// stop ends the server and removes all that it had.
func (s *Server) stop() {
	if s.process != nil {
		_ = s.process.Signal(syscall.SIGINT) // fast shutdown
		select {
		case <-s.exited:
		case <-time.After(startTimeout):
			_ = s.process.Kill()
			<-s.exited
		}
		s.process = nil
	}
	_ = os.RemoveAll(s.dir)
}
