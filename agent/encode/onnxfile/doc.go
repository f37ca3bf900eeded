// Package onnxfile looks into ONNX files without running them: which inputs and
// outputs a model has, where its weights lie, and what of it one output needs.
//
// An ONNX file is a protocol buffer. Only the few fields that matter here are
// read, and what is written is copied byte for byte:
//
//	ModelProto      7 graph
//	GraphProto      1 node*  5 initializer*  11 input*  12 output*  13 value_info*
//	                14 quantization_annotation*  15 sparse_initializer*
//	NodeProto       1 input*  2 output*  5 attribute*
//	AttributeProto  6 graph  11 graphs*
//	TensorProto     8 name  13 external_data* (1 key, 2 value)  14 data_location
//	ValueInfoProto  1 name  2 type: 1 tensor_type: 1 elem_type, 2 shape: 1 dim*: 1 value, 2 name
//
// Files come from foreign programs: a damaged one is an error, never a panic,
// and no memory is taken on a length field's word.
package onnxfile
