/// Files of labelling programs: LabelMe, Supervisely, CVAT.
enum ExportSeeds {
  static let labelme = [
    Seed(
      "shapes",
      Array(
        """
        {"version": "5.2.1", "flags": {}, "shapes": [
         {"label": "cat", "points": [[2.5, 3], [30, 20.25]], "group_id": null, "shape_type": "rectangle", "flags": {}},
         {"label": "dog", "points": [[2, 3], [12, 3], [7, 9.5]], "shape_type": "polygon"},
         {"label": "dog", "points": [[10, 10], [13, 14]], "shape_type": "circle"},
         {"label": "tip", "points": [[10, 10]], "shape_type": "point"}],
         "imagePath": "..\\\\a b\\\\c.jpg", "imageData": "AAAA", "imageHeight": 30, "imageWidth": 40}

        """.utf8)),
    Seed("plain", Array(#"{"shapes":[{"points":[[0,0],[5,0],[5,5]],"label":"x"}],"imagePath":"a.png"}"#.utf8)),
    Seed("empty", Array(#"{"imageWidth":40,"imageHeight":30,"shapes":[]}"#.utf8)),
  ]

  static let supervisely = [
    Seed(
      "objects",
      Array(
        """
        {"description": "", "tags": [], "size": {"height": 30, "width": 40}, "objects": [
         {"id": 1, "classTitle": "cat", "geometryType": "rectangle", "points": {"exterior": [[2, 3], [30, 20]], "interior": []}},
         {"id": 2, "classTitle": "dog", "geometryType": "polygon", "points": {"exterior": [[2, 3], [12, 3], [7, 9]], "interior": []}},
         {"id": 3, "classTitle": "dog", "geometryType": "point", "points": {"exterior": [[1, 1]], "interior": []}}]}

        """.utf8)),
    Seed(
      "plain",
      Array(
        #"{"objects":[{"classTitle":"x","geometryType":"polygon","points":{"exterior":[[0,0],[5,0],[5,5]]}}]}"#.utf8)),
    Seed("empty", Array(#"{"objects":[],"size":{"width":40,"height":30}}"#.utf8)),
  ]

  static let cvat = [
    Seed(
      "images",
      Array(
        """
        <?xml version="1.0" encoding="utf-8"?>
        <annotations><version>1.1</version><meta><task><id>1</id></task></meta>
        <image id="0" name="a &amp; b.jpg" width="40" height="30">
          <box label="cat" occluded="0" xtl="1.5" ytl="2" xbr="20.25" ybr="28" z_order="0"><attribute name="a">b</attribute></box>
          <polygon label="dog" points="1.0,2.0;12.5,2.0;7.0,9.0" z_order="0"></polygon>
          <ellipse label="dog" cx="20" cy="15" rx="5" ry="4"/><points label="cat" points="1,2"/>
          <mask label="cat" rle="3, 4, 5" left="2" top="3" width="4" height="3"/>
        </image></annotations>

        """.utf8)),
    Seed(
      "plain",
      Array(
        #"<annotations><image name="a" width="40" height="30"><box label="x" xtl="1" ytl="1" xbr="2" ybr="2"/></image></annotations>"#
          .utf8)),
    Seed("empty", Array("<annotations></annotations>\n".utf8)),
  ]
}
