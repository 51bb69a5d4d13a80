package sandbox

// The environment variables by which the notebook's kernel tells the cells about the server beside them.
const (
	// EmulatorEnv is the base URL of the emulator.
	EmulatorEnv = "CIOKIT_NOTEBOOK_EMULATOR"
	// RecorderEnv is the base URL of the recorder in front of a real workspace; empty where there is none.
	RecorderEnv = "CIOKIT_NOTEBOOK_RECORDER"
	// KeyEnv is the write key of the real workspace.
	KeyEnv = "CUSTOMERIO_API_KEY"
	// TargetEnv is the address that the recorder passes calls on to.
	TargetEnv = "CIOKIT_NOTEBOOK_TARGET"
	// PrefixEnv is what ids in the real workspace begin with.
	PrefixEnv = "CIOKIT_NOTEBOOK_PREFIX"
	// FilesEnv is a directory for the files of the notebook, which goes when the kernel ends.
	FilesEnv = "CIOKIT_NOTEBOOK_FILES"
	// DataEnv is the directory of the optional sample data; empty where it is missing.
	DataEnv = "CIOKIT_NOTEBOOK_DATA"
)

// The write keys of the emulator's workspaces: that of Open, and that of OpenEmulator.
const (
	Key         = "notebook-key"
	EmulatorKey = "emulator-key"
)
