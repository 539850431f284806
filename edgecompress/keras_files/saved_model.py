"""Models of Keras 2 that Keras 3 does not read, rewritten as the HDF5 that Keras 3 does read.

A SavedModel of Keras 2 holds the configuration of the model (in keras_metadata.pb since
TensorFlow 2.5, in the nodes of saved_model.pb before) and a checkpoint with the weights of each
layer, in the order in which HDF5 holds them as well. Nothing of its graph is needed, so optimizer
slots and traced functions, on which TensorFlow's own loaders fail, do no harm.
"""

import json
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edgecompress.errors import ModelError


def saved_model_to_hdf5(path: Path, file: Path) -> None:
    """Write the Keras 2 model of the SavedModel folder `path` to `file`, as HDF5.

    Raises:
        ModelError: the folder is damaged, or holds a graph without layers (`model.export`).
    """
    graph, checkpoint, objects = _read(path)
    metadata = _keras_metadata(path, graph)
    weights = {
        metadata[_child(graph[0], key)]["name"]: _layer_weights(checkpoint, objects, key)
        for key in _layer_keys(graph[0])
    }
    _write_hdf5(file, metadata[0], weights)


def keras2_to_hdf5(path: Path, file: Path) -> None:
    """Write the model of a `.keras` file of tf_keras to `file`, as HDF5.

    Raises:
        ModelError: tf_keras is not installed, or cannot load the file.
    """
    try:
        import tf_keras
    except ImportError as error:
        raise ModelError(
            f"{path}: written by tf_keras (Keras 2); pip install 'edgecompress[keras2]' to read "
            "it, or save the model as .h5"
        ) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that HDF5 is old, which is the point
            tf_keras.models.load_model(path, compile=False).save(file, save_format="h5")
    except Exception as error:
        raise ModelError(f"{path}: tf_keras cannot load it: {error}") from error


def _read(path: Path) -> tuple[Sequence[Any], Any, Sequence[Any]]:
    """Return the nodes of saved_model.pb, the checkpoint, and the nodes of the checkpoint."""
    import tensorflow as tf
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2, trackable_object_graph_pb2

    saved, objects = saved_model_pb2.SavedModel(), trackable_object_graph_pb2.TrackableObjectGraph()
    try:
        saved.ParseFromString((path / "saved_model.pb").read_bytes())
        graph = saved.meta_graphs[0].object_graph_def.nodes
        checkpoint = tf.train.load_checkpoint(str(path / "variables" / "variables"))
        objects.ParseFromString(checkpoint.get_tensor("_CHECKPOINTABLE_OBJECT_GRAPH"))
    except (DecodeError, IndexError, ValueError, RuntimeError, tf.errors.OpError) as error:
        raise ModelError(
            f"{path}: a damaged SavedModel, or one of TensorFlow 1: {error}"
        ) from error
    return graph, checkpoint, objects.nodes


def has_layers(path: Path) -> bool:
    """Say whether a SavedModel holds Keras 2's layers, and not a graph alone.

    Raises:
        ModelError: the folder is damaged.
    """
    graph, _, _ = _read(path)
    return _names_layers(_all_metadata(path, graph))


def _names_layers(metadata: Mapping[int, Mapping[str, Any]]) -> bool:
    return "layers" in metadata.get(0, {}).get("config", {})


def _all_metadata(path: Path, graph: Sequence[Any]) -> Mapping[int, Mapping[str, Any]]:
    file = path / "keras_metadata.pb"
    if file.is_file():
        saved = _saved_metadata(file)
    else:
        saved = {number: node.user_object.metadata for number, node in enumerate(graph)}
    return {number: json.loads(text) for number, text in saved.items() if text.startswith("{")}


def _keras_metadata(path: Path, graph: Sequence[Any]) -> Mapping[int, Mapping[str, Any]]:
    """Return what Keras 2 wrote of each layer (`name`, `class_name`, `config`), by node number."""
    metadata = _all_metadata(path, graph)
    if not _names_layers(metadata):
        raise ModelError(
            f"{path}: this SavedModel holds a graph but no layers (as model.export writes, or a "
            "subclass of keras.Model), so it can be quantized and measured, but not pruned or "
            'trained; save the model itself with model.save("model.keras")'
        )
    return metadata


def _saved_metadata(file: Path) -> dict[int, str]:
    """Read keras_metadata.pb: SavedMetadata of Keras 2.15's protobuf/saved_metadata.proto."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    from google.protobuf.message import DecodeError

    schema = descriptor_pb2.FileDescriptorProto(name="edgecompress_keras_metadata.proto")
    node = schema.message_type.add(name="EdgecompressSavedObject")
    node.field.add(name="node_id", number=2, type="TYPE_INT32", label="LABEL_OPTIONAL")
    node.field.add(name="metadata", number=5, type="TYPE_STRING", label="LABEL_OPTIONAL")
    nodes = schema.message_type.add(name="EdgecompressSavedMetadata")
    nodes.field.add(
        name="nodes", number=1, type="TYPE_MESSAGE", type_name=node.name, label="LABEL_REPEATED"
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(schema)
    message = message_factory.GetMessageClass(pool.FindMessageTypeByName(nodes.name))()
    try:
        message.ParseFromString(file.read_bytes())
    except DecodeError as error:
        raise ModelError(f"{file}: a damaged SavedModel: {error}") from error
    return {node.node_id: node.metadata for node in message.nodes}


def _layer_keys(root: Any) -> list[str]:
    """Return the names `layer-0`, `layer-1`, ... under which a model refers to its layers."""
    numbers = [re.fullmatch(r"layer-(\d+)", child.local_name) for child in root.children]
    return [match[0] for match in sorted(filter(None, numbers), key=lambda match: int(match[1]))]


def _layer_weights(checkpoint: Any, objects: Sequence[Any], key: str) -> list[Any]:
    """Return the weights of a layer, or of all layers of a nested model, in HDF5's order."""
    layer = objects[_child(objects[0], key)]
    listed = [child for child in layer.children if child.local_name == "variables"]
    variables = objects[listed[0].node_id].children if listed else []
    ordered = sorted(variables, key=lambda child: int(child.local_name))
    keys = [objects[child.node_id].attributes[0].checkpoint_key for child in ordered]
    return [checkpoint.get_tensor(name) for name in keys]


def _child(node: Any, name: str) -> int:
    """Return the number of the node that `node` refers to by `name`."""
    return next(int(child.node_id) for child in node.children if child.local_name == name)


def _write_hdf5(file: Path, model: Mapping[str, Any], weights: Mapping[str, list[Any]]) -> None:
    """Write a model as Keras 2 does: `model_config` and, by layer, the arrays of its weights."""
    import h5py

    config = {"class_name": model["class_name"], "config": model["config"]}
    with h5py.File(file, "w") as hdf5:
        hdf5.attrs["model_config"] = json.dumps(config)
        group = hdf5.create_group("model_weights")
        group.attrs["layer_names"] = list(weights)
        group.attrs["keras_version"] = "2"
        group.attrs["backend"] = "tensorflow"
        for layer, arrays in weights.items():
            names = [f"weight_{index}" for index in range(len(arrays))]
            members = group.create_group(layer)
            members.attrs["weight_names"] = names
            for name, array in zip(names, arrays, strict=True):
                members.create_dataset(name, data=array)
