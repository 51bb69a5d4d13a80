package notebook

import (
	"bytes"
	"strings"
)

// jupyterLog receives the log of nbconvert. It counts the cells that begin, which are among many other messages, and keeps the useful rest.
type jupyterLog struct {
	began func()
	line  []byte
	kept  []string
	skip  bool // the lines belong to a useless record
}

// record begins each record of the log, so that a record can be told from other lines.
const record = "ciokit-log "

// maxKept bounds the lines that are kept of a long log.
const maxKept = 200

// flags are the flags with which nbconvert writes such a log.
func (l *jupyterLog) flags() []string {
	if l.began == nil {
		return []string{"--log-level=WARN"}
	}
	return []string{"--log-level=DEBUG", "--NbConvertApp.log_format=" + record + "%(levelname)s %(message)s"}
}

func (l *jupyterLog) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			l.line = append(l.line, rest...)
			break
		}
		l.take(string(append(l.line, rest[:end]...)))
		l.line, rest = l.line[:0], rest[end+1:]
	}
	return len(p), nil
}

func (l *jupyterLog) take(line string) {
	if text, begins := strings.CutPrefix(line, record); begins {
		level, message, _ := strings.Cut(text, " ")
		l.skip = level == "DEBUG" || level == "INFO"
		if l.skip && message == "Executing cell:" {
			l.began()
		}
		line = message
	} else if strings.HasPrefix(line, "Traceback (") {
		l.skip = false
	}
	if !l.skip && len(l.kept) < maxKept {
		l.kept = append(l.kept, line)
	} else if !l.skip {
		l.kept = append(l.kept[1:], line)
	}
}

// text returns the useful lines.
func (l *jupyterLog) text() string {
	if len(l.line) > 0 {
		l.take(string(l.line))
		l.line = nil
	}
	return strings.Join(l.kept, "\n")
}
