#include "textflag.h"

// func panelNEON(y *float32, yStride int, x *float32, xStride int, panel, bias *float32, n int)
//
// Four rows times sixteen outputs: V0 to V15 hold the sums, four registers a row.
// Each step of k loads sixteen weights and broadcasts one number of each row.
TEXT ·panelNEON(SB), NOSPLIT, $0-56
	MOVD y+0(FP), R0
	MOVD yStride+8(FP), R1
	MOVD x+16(FP), R2
	MOVD xStride+24(FP), R3
	MOVD panel+32(FP), R4
	MOVD bias+40(FP), R5
	MOVD n+48(FP), R6
	LSL $2, R1, R1
	LSL $2, R3, R3
	ADD R2, R3, R7
	ADD R7, R3, R8
	ADD R8, R3, R9
	VLD1 (R5), [V0.S4, V1.S4, V2.S4, V3.S4]
	VLD1 (R5), [V4.S4, V5.S4, V6.S4, V7.S4]
	VLD1 (R5), [V8.S4, V9.S4, V10.S4, V11.S4]
	VLD1 (R5), [V12.S4, V13.S4, V14.S4, V15.S4]

loop:
	VLD1.P 64(R4), [V16.S4, V17.S4, V18.S4, V19.S4]
	VLD1R.P 4(R2), [V20.S4]
	VLD1R.P 4(R7), [V21.S4]
	VLD1R.P 4(R8), [V22.S4]
	VLD1R.P 4(R9), [V23.S4]
	VFMLA V16.S4, V20.S4, V0.S4
	VFMLA V17.S4, V20.S4, V1.S4
	VFMLA V18.S4, V20.S4, V2.S4
	VFMLA V19.S4, V20.S4, V3.S4
	VFMLA V16.S4, V21.S4, V4.S4
	VFMLA V17.S4, V21.S4, V5.S4
	VFMLA V18.S4, V21.S4, V6.S4
	VFMLA V19.S4, V21.S4, V7.S4
	VFMLA V16.S4, V22.S4, V8.S4
	VFMLA V17.S4, V22.S4, V9.S4
	VFMLA V18.S4, V22.S4, V10.S4
	VFMLA V19.S4, V22.S4, V11.S4
	VFMLA V16.S4, V23.S4, V12.S4
	VFMLA V17.S4, V23.S4, V13.S4
	VFMLA V18.S4, V23.S4, V14.S4
	VFMLA V19.S4, V23.S4, V15.S4
	SUBS $1, R6, R6
	BNE loop

	VST1 [V0.S4, V1.S4, V2.S4, V3.S4], (R0)
	ADD R1, R0, R0
	VST1 [V4.S4, V5.S4, V6.S4, V7.S4], (R0)
	ADD R1, R0, R0
	VST1 [V8.S4, V9.S4, V10.S4, V11.S4], (R0)
	ADD R1, R0, R0
	VST1 [V12.S4, V13.S4, V14.S4, V15.S4], (R0)
	RET
