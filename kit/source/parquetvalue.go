package source

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"

	"github.com/ciokit/cio/kit/internal/jsonvalue"
)

// parquetWriter appends an existing value of a leaf as JSON. An error means that the value has no JSON form.
type parquetWriter func(dst []byte, v *parquet.Value) ([]byte, error)

var (
	errClock   = errors.New("the time of day is not between 0 and 24 hours")
	errPhysics = errors.New("the value is not of its column's type; the file is damaged")
)

// parquetWriterOf returns the writer for a leaf, and its type in words.
func parquetWriterOf(e *format.SchemaElement) (parquetWriter, string) {
	physical := parquet.Kind(e.Type.V)
	w, typ := logicalWriter(e, physical)
	if w == nil {
		w, typ = physicalWriter(physical)
	}
	return func(dst []byte, v *parquet.Value) ([]byte, error) {
		if v.Kind() != physical {
			return dst, errPhysics
		}
		return w(dst, v)
	}, typ
}

// logicalWriter returns nil for a leaf without a logical type, and for one whose logical type does not fit the physical one.
func logicalWriter(e *format.SchemaElement, physical parquet.Kind) (parquetWriter, string) {
	bytes := physical == parquet.ByteArray || physical == parquet.FixedLenByteArray
	whole := physical == parquet.Int32 || physical == parquet.Int64
	switch t := logicalType(e).(type) {
	case *format.StringType:
		if bytes {
			return writeParquetText, "STRING"
		}
	case *format.EnumType:
		if bytes {
			return writeParquetText, "ENUM"
		}
	case *format.JsonType:
		if bytes {
			return func(dst []byte, v *parquet.Value) ([]byte, error) {
				return jsonvalue.AppendRaw(dst, v.ByteArray()), nil
			}, "JSON"
		}
	case *format.UUIDType:
		if physical == parquet.FixedLenByteArray && e.TypeLength.V == 16 {
			return writeParquetUUID, "UUID"
		}
	case *format.DecimalType:
		if t.Scale >= 0 && t.Scale <= maxParquetScale && (bytes || whole) {
			return parquetDecimal(physical, int(t.Scale)), fmt.Sprintf("DECIMAL(%d,%d)", t.Precision, t.Scale)
		}
	case *format.DateType:
		if physical == parquet.Int32 {
			return func(dst []byte, v *parquet.Value) ([]byte, error) {
				return jsonvalue.AppendDate(dst, time.Unix(int64(v.Int32())*86400, 0))
			}, "DATE"
		}
	case *format.TimestampType:
		if perSecond, unit := parquetUnit(t.Unit); physical == parquet.Int64 && perSecond > 0 {
			zone := ""
			if t.IsAdjustedToUTC {
				zone = ", UTC"
			}
			return func(dst []byte, v *parquet.Value) ([]byte, error) {
				n := v.Int64()
				return jsonvalue.AppendTime(dst, time.Unix(n/perSecond, n%perSecond*(1e9/perSecond)), t.IsAdjustedToUTC)
			}, "TIMESTAMP(" + unit + zone + ")"
		}
	case *format.TimeType:
		if perSecond, unit := parquetUnit(t.Unit); whole && perSecond > 0 {
			return parquetClock(physical, perSecond, t.IsAdjustedToUTC), "TIME(" + unit + ")"
		}
	case *format.IntType:
		if whole {
			return parquetInteger(physical, t), fmt.Sprintf("%sINT%d", map[bool]string{true: "", false: "U"}[t.IsSigned], t.BitWidth)
		}
	case *format.Float16Type:
		if physical == parquet.FixedLenByteArray && e.TypeLength.V == 2 {
			return func(dst []byte, v *parquet.Value) ([]byte, error) {
				return jsonvalue.AppendFloat(dst, float64(half(binary.LittleEndian.Uint16(v.ByteArray()))), 32)
			}, "FLOAT16"
		}
	}
	if e.ConvertedType.Valid && e.ConvertedType.V == deprecated.Interval && physical == parquet.FixedLenByteArray && e.TypeLength.V == 12 {
		return writeParquetInterval, "INTERVAL"
	}
	return nil, ""
}

// maxParquetScale bounds the zeros that are added to a decimal.
const maxParquetScale = 1000

// logicalType returns a leaf's logical type, also if only the older kind of annotation gives it.
func logicalType(e *format.SchemaElement) any {
	if e.LogicalType.Value != nil || !e.ConvertedType.Valid {
		return e.LogicalType.Value
	}
	unit := format.TimeUnit{Value: &format.MicroSeconds{}}
	switch c := e.ConvertedType.V; c {
	case deprecated.UTF8:
		return &format.StringType{}
	case deprecated.Enum:
		return &format.EnumType{}
	case deprecated.Json:
		return &format.JsonType{}
	case deprecated.Decimal:
		return &format.DecimalType{Scale: e.Scale.V, Precision: e.Precision.V}
	case deprecated.Date:
		return &format.DateType{}
	case deprecated.TimeMillis, deprecated.TimeMicros:
		if c == deprecated.TimeMillis {
			unit.Value = &format.MilliSeconds{}
		}
		return &format.TimeType{Unit: unit}
	case deprecated.TimestampMillis, deprecated.TimestampMicros:
		if c == deprecated.TimestampMillis {
			unit.Value = &format.MilliSeconds{}
		}
		return &format.TimestampType{IsAdjustedToUTC: true, Unit: unit}
	case deprecated.Uint8, deprecated.Uint16, deprecated.Uint32, deprecated.Uint64:
		return &format.IntType{BitWidth: 8 << (c - deprecated.Uint8)}
	case deprecated.Int8, deprecated.Int16, deprecated.Int32, deprecated.Int64:
		return &format.IntType{BitWidth: 8 << (c - deprecated.Int8), IsSigned: true}
	}
	return nil
}

// physicalWriter returns the writer for a leaf without a logical type.
func physicalWriter(physical parquet.Kind) (parquetWriter, string) {
	switch physical {
	case parquet.Boolean:
		return func(dst []byte, v *parquet.Value) ([]byte, error) { return strconv.AppendBool(dst, v.Boolean()), nil }, "BOOLEAN"
	case parquet.Int32:
		return func(dst []byte, v *parquet.Value) ([]byte, error) {
			return strconv.AppendInt(dst, int64(v.Int32()), 10), nil
		}, "INT32"
	case parquet.Int64:
		return func(dst []byte, v *parquet.Value) ([]byte, error) { return strconv.AppendInt(dst, v.Int64(), 10), nil }, "INT64"
	case parquet.Int96:
		return writeParquetInt96, "INT96 TIMESTAMP"
	case parquet.Float:
		return func(dst []byte, v *parquet.Value) ([]byte, error) {
			return jsonvalue.AppendFloat(dst, float64(v.Float()), 32)
		}, "FLOAT"
	case parquet.Double:
		return func(dst []byte, v *parquet.Value) ([]byte, error) { return jsonvalue.AppendFloat(dst, v.Double(), 64) }, "DOUBLE"
	}
	return func(dst []byte, v *parquet.Value) ([]byte, error) {
		return jsonvalue.AppendBinary(dst, v.ByteArray()), nil
	}, "BINARY"
}

func parquetUnit(u format.TimeUnit) (perSecond int64, name string) {
	switch u.Value.(type) {
	case *format.MilliSeconds:
		return 1e3, "ms"
	case *format.MicroSeconds:
		return 1e6, "us"
	case *format.NanoSeconds:
		return 1e9, "ns"
	}
	return 0, ""
}

func writeParquetText(dst []byte, v *parquet.Value) ([]byte, error) {
	return jsonvalue.AppendText(dst, v.ByteArray()), nil
}

func writeParquetUUID(dst []byte, v *parquet.Value) ([]byte, error) {
	b := v.ByteArray()
	if len(b) != 16 {
		return dst, errPhysics
	}
	return fmt.Appendf(dst, `"%x-%x-%x-%x-%x"`, b[:4], b[4:6], b[6:8], b[8:10], b[10:]), nil
}

// writeParquetInt96 writes the timestamps of old writers: nanoseconds of the day, and the Julian day number.
func writeParquetInt96(dst []byte, v *parquet.Value) ([]byte, error) {
	const epoch = 2_440_588 // 1970-01-01
	i := v.Int96()
	nanoseconds := int64(uint64(i[1])<<32 | uint64(i[0]))
	return jsonvalue.AppendTime(dst, time.Unix((int64(int32(i[2]))-epoch)*86400+nanoseconds/1e9, nanoseconds%1e9), true)
}

// writeParquetInterval writes months, days and milliseconds as a duration of ISO 8601.
func writeParquetInterval(dst []byte, v *parquet.Value) ([]byte, error) {
	b := v.ByteArray()
	if len(b) != 12 {
		return dst, errPhysics
	}
	ms := binary.LittleEndian.Uint32(b[8:])
	return fmt.Appendf(dst, `"P%dM%dDT%d.%03dS"`, binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:]), ms/1000, ms%1000), nil
}

func parquetClock(physical parquet.Kind, perSecond int64, zone bool) parquetWriter {
	return func(dst []byte, v *parquet.Value) ([]byte, error) {
		n := v.Int64()
		if physical == parquet.Int32 {
			n = int64(v.Int32())
		}
		if n < 0 || n > 86400*perSecond {
			return dst, errClock
		}
		return jsonvalue.AppendClock(dst, time.Duration(n)*time.Duration(1e9/perSecond), zone), nil
	}
}

func parquetInteger(physical parquet.Kind, t *format.IntType) parquetWriter {
	switch {
	case t.IsSigned:
		w, _ := physicalWriter(physical)
		return w
	case physical == parquet.Int32:
		return func(dst []byte, v *parquet.Value) ([]byte, error) {
			return strconv.AppendUint(dst, uint64(uint32(v.Int32())), 10), nil
		}
	}
	return func(dst []byte, v *parquet.Value) ([]byte, error) {
		return strconv.AppendUint(dst, uint64(v.Int64()), 10), nil
	}
}

// parquetDecimal writes all digits. The column's scale is the number of digits after the point.
func parquetDecimal(physical parquet.Kind, scale int) parquetWriter {
	var digits, inverted []byte
	wide := new(big.Int)
	return func(dst []byte, v *parquet.Value) ([]byte, error) {
		switch physical {
		case parquet.Int32:
			digits = strconv.AppendInt(digits[:0], int64(v.Int32()), 10)
		case parquet.Int64:
			digits = strconv.AppendInt(digits[:0], v.Int64(), 10)
		default:
			b := v.ByteArray() // two's complement, the highest byte first
			switch {
			case len(b) == 0:
				return dst, errPhysics
			case len(b) <= 8:
				n := int64(int8(b[0]))
				for _, c := range b[1:] {
					n = n<<8 | int64(c)
				}
				digits = strconv.AppendInt(digits[:0], n, 10)
			case b[0] < 0x80:
				digits = wide.SetBytes(b).Append(digits[:0], 10)
			default:
				inverted = inverted[:0]
				for _, c := range b {
					inverted = append(inverted, ^c)
				}
				digits = wide.Not(wide.SetBytes(inverted)).Append(digits[:0], 10)
			}
		}
		return appendScaled(dst, digits, scale), nil
	}
}

// appendScaled appends the digits of an integer, which may have a sign, with a point before the last scale of them.
func appendScaled(dst, digits []byte, scale int) []byte {
	if digits[0] == '-' {
		dst = append(dst, '-')
		digits = digits[1:]
	}
	if scale == 0 {
		return append(dst, digits...)
	}
	whole := len(digits) - scale
	if whole <= 0 {
		dst = append(dst, '0', '.')
		for range -whole {
			dst = append(dst, '0')
		}
		return append(dst, digits...)
	}
	dst = append(append(dst, digits[:whole]...), '.')
	return append(dst, digits[whole:]...)
}

// half returns the number that a 16-bit floating point number is.
func half(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exponent, fraction := uint32(h>>10&0x1f), uint32(h&0x3ff)
	switch {
	case exponent == 0x1f: // an infinity or no number
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	case exponent > 0:
		return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
	}
	f := float32(fraction) / (1 << 24)
	if sign != 0 {
		return float32(math.Copysign(float64(f), -1))
	}
	return f
}
