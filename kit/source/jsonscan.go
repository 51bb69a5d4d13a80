package source

// maxNesting bounds the nesting of objects and lists of JSON, as in encoding/json.
const maxNesting = 10_000

// jsonScanner finds the end of a JSON value in bytes that arrive in pieces, and checks the value at the same time. The zero value is ready for a
// value. Its memory grows only with the nesting.
type jsonScanner struct {
	open    []byte // the unclosed brackets
	within  int    // how many brackets are open around the value
	state   scanState
	key     bool   // the current string is a member's name
	hex     int    // how many digits of \u are missing
	word    string // the missing part of true, false or null
	problem string // why it is not JSON, after feed has failed; empty if the byte there explains it
}

type scanState int

const (
	scanValue        scanState = iota // a value
	scanValueOrClose                  // after [
	scanKeyOrClose                    // after {
	scanKey                           // after a comma in an object
	scanColon
	scanNext // after a value: a comma or a bracket
	scanString
	scanEscape
	scanHex
	scanWord
	scanMinus // parts of a number
	scanZero
	scanDigits
	scanPoint
	scanFraction
	scanE
	scanSign
	scanExponent
	scanFailed
)

// feed continues. It returns how many bytes of data it has used and whether the value ends there. If the value is not JSON it returns the position
// that shows it, and sets failed. A number at the end of the input is ended by finish.
func (s *jsonScanner) feed(data []byte) (n int, done bool) {
	for i := 0; i < len(data); {
		switch c := data[i]; s.state {
		case scanString:
			for i < len(data) && data[i] != '"' && data[i] != '\\' && data[i] >= 0x20 {
				i++
			}
			if i == len(data) {
				return i, false
			}
			switch c = data[i]; {
			case c == '\\':
				s.state = scanEscape
			case c < 0x20:
				return s.fail(i)
			case s.key:
				s.key, s.state = false, scanColon
			default:
				if s.ended() {
					return i + 1, true
				}
			}
			i++
		case scanEscape:
			switch c {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
				s.state = scanString
			case 'u':
				s.hex, s.state = 4, scanHex
			default:
				return s.fail(i)
			}
			i++
		case scanHex:
			if !isHex(c) {
				return s.fail(i)
			}
			if s.hex--; s.hex == 0 {
				s.state = scanString
			}
			i++
		case scanWord:
			if c != s.word[0] {
				return s.fail(i)
			}
			i++
			if s.word = s.word[1:]; s.word == "" && s.ended() {
				return i, true
			}
		case scanMinus, scanZero, scanDigits, scanPoint, scanFraction, scanE, scanSign, scanExponent:
			next, ok := numberStep(s.state, c)
			switch {
			case ok:
				s.state = next
				i++
			case !numberEnds(s.state):
				return s.fail(i)
			case s.ended():
				return i, true
			}
		default:
			if isBlank(c) {
				i++
				continue
			}
			if !s.token(c) {
				return s.fail(i)
			}
			i++
			if s.state == scanNext && len(s.open) == 0 {
				return i, true
			}
		}
	}
	return len(data), false
}

// token reads a byte between strings, numbers and words.
func (s *jsonScanner) token(c byte) bool {
	switch s.state {
	case scanKey, scanKeyOrClose:
		switch {
		case c == '"':
			s.key, s.state = true, scanString
			return true
		case c == '}' && s.state == scanKeyOrClose:
			return s.close(c)
		}
		return false
	case scanColon:
		s.state = scanValue
		return c == ':'
	case scanNext:
		if c == ',' {
			if s.state = scanValue; s.open[len(s.open)-1] == '{' {
				s.state = scanKey
			}
			return true
		}
		return s.close(c)
	case scanValue, scanValueOrClose:
		if c == ']' && s.state == scanValueOrClose {
			return s.close(c)
		}
		return s.begin(c)
	}
	return false
}

// begin reads the first byte of a value.
func (s *jsonScanner) begin(c byte) bool {
	switch {
	case c == '{' || c == '[':
		if len(s.open)+s.within == maxNesting {
			s.problem = "objects and lists are nested too deep"
			return false
		}
		s.open = append(s.open, c)
		if s.state = scanValueOrClose; c == '{' {
			s.state = scanKeyOrClose
		}
	case c == '"':
		s.state = scanString
	case c == '-':
		s.state = scanMinus
	case c == '0':
		s.state = scanZero
	case c-'1' <= 8:
		s.state = scanDigits
	case c == 't':
		s.state, s.word = scanWord, "rue"
	case c == 'f':
		s.state, s.word = scanWord, "alse"
	case c == 'n':
		s.state, s.word = scanWord, "ull"
	default:
		return false
	}
	return true
}

// close reads a closing bracket.
func (s *jsonScanner) close(c byte) bool {
	if n := len(s.open); n == 0 || c != s.open[n-1]+2 { // } is { and two, and ] is [ and two
		return false
	}
	s.open = s.open[:len(s.open)-1]
	s.state = scanNext
	return true
}

// ended records the end of a scalar. It reports whether that ends the value.
func (s *jsonScanner) ended() bool {
	s.state = scanNext
	return len(s.open) == 0
}

// finish reports whether the value is complete if no data follows.
func (s *jsonScanner) finish() bool { return len(s.open) == 0 && numberEnds(s.state) }

func (s *jsonScanner) fail(at int) (int, bool) {
	s.state = scanFailed
	return at, false
}

func (s *jsonScanner) failed() bool { return s.state == scanFailed }

// reset makes the scanner ready for another value.
func (s *jsonScanner) reset() { *s = jsonScanner{open: s.open[:0]} }

// numberStep returns the state after a byte of a number, and false if the byte does not continue the number.
func numberStep(s scanState, c byte) (scanState, bool) {
	digit := c-'0' <= 9
	switch s {
	case scanMinus:
		if c == '0' {
			return scanZero, true
		}
		return scanDigits, digit
	case scanZero, scanDigits:
		switch {
		case digit && s == scanDigits:
			return scanDigits, true
		case c == '.':
			return scanPoint, true
		}
		return scanE, c|0x20 == 'e'
	case scanPoint:
		return scanFraction, digit
	case scanFraction:
		if digit {
			return scanFraction, true
		}
		return scanE, c|0x20 == 'e'
	case scanE:
		if c == '+' || c == '-' {
			return scanSign, true
		}
		return scanExponent, digit
	}
	return scanExponent, digit
}

// numberEnds reports whether a number may end in this state.
func numberEnds(s scanState) bool {
	return s == scanZero || s == scanDigits || s == scanFraction || s == scanExponent
}
