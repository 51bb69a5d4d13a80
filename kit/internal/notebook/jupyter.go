package notebook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// The name by which notebooks ask for the kernel, and its display name.
const (
	KernelName    = "ciokit"
	kernelDisplay = "Go (ciokit)"
)

// Jupyter runs notebooks in Jupyter, with GoNB as the kernel. It builds its tools from the checkout's module tools, at the versions pinned there,
// into Cache, and keeps them there.
type Jupyter struct {
	// Root is the checkout.
	Root string
	// Cache is a directory for the tools and the kernel's description.
	Cache string
	// Command is the executable file of ciokit, which starts the kernel: ciokit notebook kernel.
	Command string
}

// Missing says what to install if a program, such as jupyter-nbconvert, is missing.
func Missing(program string) error {
	if _, err := exec.LookPath(program); err == nil {
		return nil
	}
	how := "pip install jupyterlab"
	if program == "jupyter-nbconvert" {
		how = "apt-get install jupyter-nbconvert python3-jupyter-client, or pip install nbconvert jupyter-client"
	}
	return fmt.Errorf("%s is not installed; %s", program, how)
}

// Prepare builds the tools and registers the kernel with Jupyter. If everything is already built, it takes about a second.
func (j *Jupyter) Prepare(ctx context.Context) error {
	if err := Missing("go"); err != nil {
		return err
	}
	if err := os.MkdirAll(j.bin(), 0o755); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-C", filepath.Join(j.Root, "tools"), "-o", j.bin()+string(filepath.Separator),
		"github.com/janpfeifer/gonb", "golang.org/x/tools/cmd/goimports")
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the kernel: %w\n%s", err, out)
	}
	return j.Describe(filepath.Join(j.Cache, "jupyter"))
}

func (j *Jupyter) bin() string { return filepath.Join(j.Cache, "bin") }

// BuildCommand builds ciokit itself into the cache and uses that from then on. The kernel may then run longer than this process's executable file
// exists.
func (j *Jupyter) BuildCommand(ctx context.Context) error {
	target := filepath.Join(j.bin(), "ciokit")
	cmd := exec.CommandContext(ctx, "go", "build", "-C", j.Root, "-o", target, "./kit/cmd/ciokit")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build ciokit: %w\n%s", err, out)
	}
	j.Command = target
	return nil
}

// Describe writes the kernel's description for Jupyter below dir, which is one of Jupyter's data directories.
func (j *Jupyter) Describe(dir string) error {
	spec := map[string]any{
		"argv":           []string{j.Command, "notebook", "kernel", "--checkout", j.Root, "--tools", j.bin(), "{connection_file}"},
		"display_name":   kernelDisplay,
		"language":       "go",
		"interrupt_mode": "message",
	}
	text, err := json.MarshalIndent(spec, "", "  ")
	if err != nil {
		return err
	}
	dir = filepath.Join(dir, "kernels", KernelName)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "kernel.json"), append(text, '\n'), 0o644)
}

// Env returns the environment in which Jupyter finds the kernel.
func (j *Jupyter) Env() []string {
	path := filepath.Join(j.Cache, "jupyter")
	if more := os.Getenv("JUPYTER_PATH"); more != "" {
		path += string(os.PathListSeparator) + more
	}
	return append(os.Environ(), "JUPYTER_PATH="+path)
}

// DataDir is the directory in which all of a user's programs look for kernels.
func DataDir() (string, error) {
	if dir := os.Getenv("JUPYTER_DATA_DIR"); dir != "" {
		return dir, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Jupyter"), nil
	}
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "jupyter"), nil
	}
	return filepath.Join(home, ".local", "share", "jupyter"), nil
}

// GoNB returns the command that runs the GoNB kernel for a connection file. It uses the modules of the checkout and writes its log to the directory.
func (j *Jupyter) GoNB(ctx context.Context, connection, log string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(j.bin(), "gonb"), "--kernel", connection, "-raw_error=true",
		"-go_work="+strings.Join(moduleDirs(j.Root), ","), "-logtostderr=false", "-stderrthreshold=FATAL", "-log_dir="+log)
	cmd.Stderr = os.Stderr
	return cmd
}

// Jupyter chooses a kernel's ports before the kernel takes them. If another program takes one first, Jupyter prints these messages.
const (
	kernelDied  = "Kernel died before replying to kernel_info"
	kernelTries = 3
)

// Execute runs all cells of a notebook in Jupyter, even if some fail, and returns the notebook with its new outputs. It calls began, from another
// goroutine, with the number of each code cell that begins; after a kernel that died, the numbers begin again with 1.
func (j *Jupyter) Execute(ctx context.Context, path, scratch string, env []string, began func(cell int)) (*Document, error) {
	convert := func() error {
		cells := 0
		return j.nbconvert(ctx, env, func() { cells++; began(cells) },
			"--to", "notebook", "--execute", "--allow-errors", "--ExecutePreprocessor.timeout=300", "--output-dir", scratch, path)
	}
	err := convert()
	for try := 1; try < kernelTries && err != nil && strings.Contains(err.Error(), kernelDied); try++ {
		err = convert()
	}
	if err != nil {
		return nil, err
	}
	d, err := Read(filepath.Join(scratch, filepath.Base(path)))
	if err != nil {
		return nil, err
	}
	d.Path = path
	return d, nil
}

// HTML converts a notebook with its outputs to a page in the directory.
func (j *Jupyter) HTML(ctx context.Context, path, dir string) error {
	return j.nbconvert(ctx, j.Env(), nil, "--to", "html", "--output-dir", dir, path)
}

// nbconvert runs nbconvert. If began is not nil, it is called for each code cell that begins.
func (j *Jupyter) nbconvert(ctx context.Context, env []string, began func(), args ...string) error {
	said := &jupyterLog{began: began}
	cmd := exec.CommandContext(ctx, "jupyter-nbconvert", append(said.flags(), args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = interruptGrace
	cmd.Env = env
	cmd.Stdout, cmd.Stderr = said, said
	// The system signals the end of the parent when the thread that started the command ends, not when the process ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = apart()
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err() // the messages of an interrupted Python do not help
		}
		return errors.Join(fmt.Errorf("jupyter-nbconvert %s: %w", strings.Join(args, " "), err), errors.New(lastLines(said.text(), 20)))
	}
	return nil
}

// lastLines returns the end of a program's output, which has the reason.
func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
