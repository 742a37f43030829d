"""A diagnosis in lines to read."""

from scanpick.evaluation.diagnosis import Diagnosis


def diagnosis_lines(diagnosis: Diagnosis) -> list[str]:
    """Facts first, then what is wrong, one finding a line."""
    lines = [f"{diagnosis.class_name}: {diagnosis.labels} labels, {diagnosis.detections} detections."]
    if diagnosis.labels and diagnosis.detections:
        best = ", ".join(
            f"{metric} {overlap:.3f} (a match exceeds {diagnosis.min_overlap[metric]:g})"
            for metric, overlap in diagnosis.best_overlap.items()
        )
        lines.append(f"  Best overlap of a label with a detection: {best}.")
    offsets = diagnosis.offsets
    if offsets is not None:
        x, y, z = offsets.place_m
        height, width, length = offsets.size_ratios
        lines.append(
            f"  Median of {offsets.pairs} labels to their nearest detections, camera frame: {offsets.distance_m:.2f} m "
            f"apart; x {x:+.2f} m, y {y:+.2f} m, z {z:+.2f} m, rotation_y {offsets.rotation_rad:+.2f} rad; "
            f"height x {height:.2f}, width x {width:.2f}, length x {length:.2f}."
        )
    findings = diagnosis.findings or ("Nothing stands out.",)
    return lines + [f"  - {finding}" for finding in findings]
